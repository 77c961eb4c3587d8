import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type MadeNetwork, makeNetwork, type NetworkAuthorities } from "../make-network.ts";
import { type NetworkConfig } from "../network-config.ts";

/** How a test network is started. */
export type FabricOptions = {
  /** Folder for its configuration and keys; made when it is not there. */
  readonly folder: string;
  /** Program that runs the chaincode as a service. */
  readonly chaincodeMain: string;
  readonly channel: string;
  readonly chaincode: string;
  readonly mspIds: readonly string[];
  readonly threshold: number;
  readonly batch?: NetworkConfig["batch"];
  /** The processes go on after this one. */
  readonly outlive?: boolean;
};

/** A started test network. */
export type StartedFabric = {
  readonly config: NetworkConfig;
  readonly authorities: NetworkAuthorities;
  /** host:port of each peer, in the order of the organizations. */
  readonly peers: readonly string[];
  /** Of the network, whose end is that of the chaincode as well. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

const HOST = "127.0.0.1";
const START_DEADLINE_MS = 60_000;
const DEFAULT_BATCH = { maxTransactions: 100, maxBytes: 2 * 1024 * 1024, timeoutMs: 100 };

const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      async (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject).listen(0, HOST, () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map(async (each) => new Promise((resolve) => each.close(resolve))));
  return ports;
};

const spawnNode = (args: readonly string[], outlive: boolean): ChildProcess => {
  // Not outliving: the kernel ends it as soon as this process is gone, however that ended.
  const [command, words] = outlive ? [process.execPath, [...args]] : ["setpriv", ["--pdeathsig", "KILL", "--", process.execPath, ...args]];
  const child = spawn(command, words, { stdio: ["ignore", "pipe", outlive ? "ignore" : "inherit"], detached: true });
  if (outlive) child.unref();
  return child;
};

const firstLine = async (child: ChildProcess, what: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} did not start within ${START_DEADLINE_MS} ms`)), START_DEADLINE_MS);
    if (child.stdout === null) throw new Error("no output");
    const lines = createInterface({ input: child.stdout });
    lines.once("line", (line) => {
      clearTimeout(timer);
      resolve(line);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`${what} ended with ${String(code)} before it was ready`));
    });
  });

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
};

const writePrivate = (path: string, value: unknown): void => {
  writeFileSync(path, JSON.stringify(value), { mode: 0o600 });
  chmodSync(path, 0o600);
};

/** Starts chaincode and network as programs of their own. @throws Error when one does not come up */
export const startFabric = async (options: FabricOptions): Promise<StartedFabric> => {
  const { folder, channel, chaincode, mspIds, threshold } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [chaincodePort, ...peerPorts] = await freePorts(mspIds.length + 1);
  const chaincodeAddress = `${HOST}:${String(chaincodePort)}`;
  const peers = peerPorts.map((port) => `${HOST}:${port.toString()}`);
  const made: MadeNetwork = makeNetwork({ chaincodeMain: options.chaincodeMain, channel, chaincode, chaincodeAddress, mspIds, threshold, listen: peers, batch: options.batch ?? DEFAULT_BATCH });
  writePrivate(join(folder, "network.json"), made.config);
  writePrivate(join(folder, "authorities.json"), made.authorities);
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const each of children.toReversed()) await end(each);
    rmSync(join(folder, "network.json"), { force: true });
  };
  try {
    const network = spawnNode([new URL("../main.ts", import.meta.url).pathname, join(folder, "network.json")], options.outlive === true);
    children.push(network);
    await firstLine(network, "the test network");
    for (const each of children) each.stdout?.resume();
    return { ...made, peers, pid: network.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
