import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { type NetworkConfig } from "../network-config.ts";

const START_DEADLINE_MS = 60_000;
const QUIET = { CORE_CHAINCODE_LOGGING_LEVEL: "CRITICAL", CORE_CHAINCODE_LOGGING_SHIM: "CRITICAL" };

/** Starts the chaincode as a service of its own and waits until it says that it is ready; it ends with this process. */
export const startChaincode = async ({ chaincode, chaincodeMain, chaincodeAddress }: NetworkConfig): Promise<ChildProcess> => {
  const env = { ...process.env, ...QUIET, CHAINCODE_ID: `${chaincode}:1`, CHAINCODE_SERVER_ADDRESS: chaincodeAddress, CHAINCODE_TLS_DISABLED: "true" };
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", process.execPath, "--no-deprecation", chaincodeMain], { env, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the chaincode did not start in time")), START_DEADLINE_MS);
    child.stdout.once("data", () => {
      clearTimeout(timer);
      child.stdout.resume();
      resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the chaincode ended with ${String(code)}`)));
  });
  return child;
};
