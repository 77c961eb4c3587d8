export {
  type ChainPackage,
  type ChainPlugin,
  type ChainPluginPorts,
  type HeaderFollower,
  type HeaderFollowerOptions,
  type LentEndpoint,
  type PluginCrypto,
  type PluginSays,
} from "./chain-plugin.ts";
export { makeBlockScanner, type BlockScanner, type BlockScannerOptions, type BlockSource } from "./block-scanner.ts";
export { pollHeaders, type HeaderSource } from "./poll-headers.ts";
export { makeReadyQueue, type ProvenPiece, type ReadyQueue } from "./ready-queue.ts";
export { makeTeller, type Teller } from "./teller.ts";
export { makeIntake, type Intake, type IntakeConnection } from "./intake.ts";
export {
  decodeIntakeAnswer,
  decodeIntakeRequest,
  encodeIntakeRequest,
  makeLengthReader,
  MAX_INTAKE_ANSWER_BYTES,
  MAX_INTAKE_REQUEST_BYTES,
  type IntakeRequest,
  type LengthReader,
} from "./intake-format.ts";
export { INTAKE_DEADLINE_MS, MAX_INTAKE_CONNECTIONS, MAX_SEALED_BODY_BYTES } from "./limits.ts";
export { oneAtATime } from "./one-at-a-time.ts";
