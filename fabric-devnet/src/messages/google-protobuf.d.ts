declare module "google-protobuf/google/protobuf/timestamp_pb.js" {
  export class Timestamp {
    getSeconds(): number;
    setSeconds(value: number): void;
    getNanos(): number;
    setNanos(value: number): void;
    serializeBinary(): Uint8Array;
  }
}
