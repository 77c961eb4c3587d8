declare module "google-protobuf/google/protobuf/timestamp_pb.js" {
  export class Timestamp {
    getSeconds(): number;
    setSeconds(value: number): void;
    getNanos(): number;
    setNanos(value: number): void;
    serializeBinary(): Uint8Array;
  }
}

declare module "google-protobuf/google/protobuf/any_pb.js" {
  export class Any {
    pack(serialized: Uint8Array, name: string): void;
  }
}
