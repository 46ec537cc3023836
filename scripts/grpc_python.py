"""The plugin protoc-gen-grpc_python. gRPC's generator for Python exists only inside of grpcio-tools, and buf wants a plugin."""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
response = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    descriptors = folder / "descriptors.binpb"
    descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
    out = folder / "out"
    out.mkdir()
    arguments = [f"--descriptor_set_in={descriptors}", f"--grpc_python_out={out}", *request.file_to_generate]
    if protoc.main(["protoc", *arguments]) != 0:
        sys.exit("grpcio-tools could not generate; see above")
    for file in sorted(path for path in out.rglob("*") if path.is_file()):
        response.file.add(name=file.relative_to(out).as_posix(), content=file.read_text())
sys.stdout.buffer.write(response.SerializeToString())
