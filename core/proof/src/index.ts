export { encodeCall, encodePrivateCall } from "./abi.ts";
export { putWord, wordOf, wordOfBytes } from "./words.ts";
export { decodeUtxoHeader, targetOfBits, UTXO_HEADER_BYTES, type UtxoHeader } from "./utxo/block-header.ts";
export { payloadOf, payloadScript, type PoolPayload } from "./utxo/pool-payload.ts";
export {
  decodeUtxoTransaction,
  readBytes,
  readCount,
  readParts,
  readU32,
  sha256d,
  utxoReader,
  type Outpoint,
  type TransactionInput,
  type TransactionOutput,
  type UtxoReader,
  type UtxoTransaction,
} from "./utxo/transaction.ts";
export {
  assetArgs,
  MAX_UTXO_DEPTH,
  proveUtxoBlock,
  scriptProgram,
  utxoEvidence,
  utxoTerms,
  type ProvenTransaction,
  type ProvenUtxoBlock,
  type UtxoTerms,
} from "./utxo/verify-utxo.ts";
export { encodeRlp, rlpInteger, type RlpValue } from "./evm/encode-rlp.ts";
export { type FinalStatus, type GatewayEvent, type ReceiptEvent, type RequestEvent, type SettledEvent } from "./gateway-event.ts";
export { decodeGatewayEvent, GATEWAY_TOPICS, isGatewayTopic } from "./evm/gateway-event.ts";
export { decodeEvmHeader, MAX_EVM_HEADER_BYTES, type EvmHeader } from "./evm/header.ts";
export { makeReceiptProof, receiptKeyNibbles, type ReceiptProof } from "./evm/receipt-proof.ts";
export { decodeEvmReceipt, type EvmLog, type EvmReceipt } from "./evm/receipt.ts";
export { verifyEvmEvents, type ProvenEvents } from "./evm/verify-events.ts";
export {
  encodeLedgerHeader,
  LEDGER_EVENT,
  ledgerBlockHash,
  ledgerEvent,
  ledgerEventsTree,
  ledgerEvidence,
  ledgerHeader,
  ledgerLeaf,
  type LedgerEvent,
  type LedgerHeader,
} from "./ledger/ledger-block.ts";
export { decodeFabricBlock, type FabricBlock, fabricHeaderBytes, fabricWitnessHash } from "./fabric/block.ts";
export { type OpenCertificate, type X509Certificate } from "./fabric/certificates.ts";
export { decodeFabricEvents, encodeFabricEvents, FABRIC_EVENT_NAME, type FabricLog, MAX_FABRIC_EVENTS } from "./fabric/event-list.ts";
export { isLowS } from "./fabric/low-s.ts";
export { fabricTrust, type FabricOrganization, type FabricPolicy, type FabricTrust, MAX_FABRIC_TRUST_BYTES } from "./fabric/trust.ts";
export { verifyFabricBlock, type FabricPowers } from "./fabric/verify-block.ts";
export { type FabricVerifier, makeFabricVerifier } from "./fabric/verify-events.ts";
export { type ProofPowers, type ProofTerms, type ProvenBlock, type ProvenEmission, type UntrustedEvidence } from "./block-proof.ts";
export { verifyBlockEvents } from "./verify-block-events.ts";
export { readFields as readFabricFields } from "./fabric/protobuf-fields.ts";
export { peekFabricEvents } from "./fabric/transaction.ts";
export { fabricContract } from "./fabric/fabric-contract.ts";
