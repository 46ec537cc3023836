// The plugin protoc-gen-grpc_csharp. Debian builds gRPC's generator for C# into a library, and no program that calls it; other
// registries at hand have none either. Debian has no header for it, so its one function is declared here.
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <cctype>
#include <memory>
#include <string>

using google::protobuf::FileDescriptor;

namespace grpc_csharp_generator {
std::string GetServices(const FileDescriptor* file, bool client, bool server, bool internal);
}

// callme/v1/lock_service.proto → CallMe/V1/LockServiceGrpc.cs: beside the messages, as protoc names those.
static std::string path_of(const FileDescriptor& file) {
  std::string path = file.options().csharp_namespace() + ".";
  for (char& c : path) c = c == '.' ? '/' : c;
  bool upper = true;
  const std::string& name = file.name();
  for (size_t at = name.rfind('/') + 1; at < name.rfind('.'); at++) {
    if (name[at] != '_') path += upper ? static_cast<char>(std::toupper(name[at])) : name[at];
    upper = name[at] == '_';
  }
  return path + "Grpc.cs";
}

class Generator : public google::protobuf::compiler::CodeGenerator {
  bool Generate(const FileDescriptor* file, const std::string&, google::protobuf::compiler::GeneratorContext* context,
                std::string*) const override {
    const std::string code = grpc_csharp_generator::GetServices(file, true, true, false);
    if (code.empty()) return true;  // no service in it
    std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> out(context->Open(path_of(*file)));
    google::protobuf::io::Printer(out.get(), '$').PrintRaw(code);
    return true;
  }
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

int main(int argc, char** argv) {
  const Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
