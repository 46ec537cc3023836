import type { DescEnum, DescEnumValue, DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";

type Commented = DescService | DescMethod | DescMessage | DescField | DescEnum | DescEnumValue;

/** What stands above a declaration in its .proto file, lines joined to paragraphs; "" if nothing does. */
export function commentOf(what: Commented): string {
  const [file, where] = placeOf(what);
  const location = file.proto.sourceCodeInfo?.location.find(({ path }) => path.join() === where.join());
  return (location?.leadingComments ?? "")
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .join("\n\n")
    .trim();
}

/** The file, and the path to a declaration as descriptor.proto's SourceCodeInfo counts it: field number, index, field number, index. */
function placeOf(what: Commented): [DescFile, number[]] {
  switch (what.kind) {
    case "message":
      return [what.file, [4, what.file.messages.indexOf(what)]];
    case "enum":
      return [what.file, [5, what.file.enums.indexOf(what)]];
    case "service":
      return [what.file, [6, what.file.services.indexOf(what)]];
    case "field":
      return within(what.parent, what.parent.fields.indexOf(what));
    case "enum_value":
      return within(what.parent, what.parent.values.indexOf(what));
    case "rpc":
      return within(what.parent, what.parent.methods.indexOf(what));
  }
}

function within(parent: DescMessage | DescEnum | DescService, index: number): [DescFile, number[]] {
  const [file, where] = placeOf(parent);
  return [file, [...where, 2, index]];
}
