document.getElementById("page").textContent = "This server answers to the command line: call-me status tells who has what.";
