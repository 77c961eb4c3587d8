import process from "node:process";
import { readFileSync } from "node:fs";
import shim from "fabric-shim";
// The runtime of fabric-shim that turns contract classes into a chaincode; it is what `fabric-chaincode-node server` runs.
import ChaincodeFromContract from "fabric-shim/lib/contract-spi/chaincodefromcontract.js";
import { CHAINCODE_SERIALIZERS, chaincodeContracts } from "./chaincode.ts";

const need = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: it is part of how Fabric starts an external chaincode`);
  return value;
};

const readTls = () => ({
  tlsProps: {
    key: readFileSync(need("CHAINCODE_TLS_KEY")),
    cert: readFileSync(need("CHAINCODE_TLS_CERT")),
    clientCACerts: readFileSync(need("CHAINCODE_CLIENT_CA_CERT")),
  },
});
/** The declared options want TLS; the program takes null for none (fabric-shim, ChaincodeServer). */
const withoutTls = { tlsProps: null as unknown as ReturnType<typeof readTls>["tlsProps"] };

const chaincode = new ChaincodeFromContract(chaincodeContracts(), CHAINCODE_SERIALIZERS, {}, "CrossGuardian", "1");
const server = shim.Shim.server(chaincode, {
  ccid: need("CHAINCODE_ID"),
  address: need("CHAINCODE_SERVER_ADDRESS"),
  ...(process.env["CHAINCODE_TLS_DISABLED"] === "true" ? withoutTls : readTls()),
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
});
await server.start();
process.stdout.write("ready\n");
