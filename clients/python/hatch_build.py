"""Takes the generated code and the licence from their places in the repository into the wheel and the source distribution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            raise RuntimeError("callme.v1 is generated elsewhere, so an editable install would lack it: use pip install without -e")
        repository = Path(self.root, "../..").resolve()
        generated, licence = repository / "gen/python/callme/v1", repository / "LICENSE"
        # An unpacked source distribution has them already.
        if not generated.is_dir():
            return
        if self.target_name == "sdist":
            places = {generated: "src/callme/v1", licence: "LICENSE"}
        else:
            places = {
                generated: "callme/v1",
                licence: f"{self.metadata.core.name.replace('-', '_')}-{self.metadata.version}.dist-info/licenses/LICENSE",
            }
        build_data["force_include"].update({str(source): place for source, place in places.items()})
