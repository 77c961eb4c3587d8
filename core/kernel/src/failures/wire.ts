import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `wire`. */
export const WIRE_FAILURES = {
  "wire.frame.magic": { action: "alarm", says: "the stream does not hold a frame header here" },
  "wire.frame.check": { action: "alarm", says: "the frame header is damaged" },
  "wire.frame.oversize": { action: "refuse", says: "the frame is longer than its kind allows" },
  "wire.frame.kind": { action: "refuse", says: "the frame kind is unknown" },
  "wire.message.truncated": { action: "refuse", says: "the message ends before its last field" },
  "wire.message.trailing": { action: "refuse", says: "bytes follow the last field" },
  "wire.message.bound": { action: "refuse", says: "a field is longer than its bound" },
  "wire.message.range": { action: "refuse", says: "a number or tag is outside its range" },
  "wire.message.text": { action: "refuse", says: "a text field is not valid UTF-8" },
  "wire.proto.truncated": { action: "refuse", says: "the protobuf message ends inside a field" },
  "wire.proto.varint": { action: "refuse", says: "a protobuf number is not written in its shortest form" },
  "wire.proto.range": { action: "refuse", says: "a protobuf number is outside its range" },
  "wire.proto.bound": { action: "refuse", says: "a protobuf field is longer than its bound" },
  "wire.proto.text": { action: "refuse", says: "a protobuf string is not valid UTF-8" },
  "wire.proto.zero": { action: "refuse", says: "a protobuf field states a zero value, which canonical form leaves out" },
  "wire.proto.order": { action: "refuse", says: "protobuf fields are repeated or not in ascending order" },
  "wire.proto.unknown": { action: "refuse", says: "the protobuf message has a field that its kind does not have" },
} as const satisfies FailureTable;
