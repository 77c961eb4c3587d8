import { connect, createServer, type Socket } from "node:net";

import { type Behaviour, isReadingMode } from "../proxy/answer.ts";
import { makeForgedFork } from "../proxy/forged-fork.ts";
import { isHeader } from "../proxy/header-json.ts";
import { type ProxyCounts, type ProxyMode } from "../proxy/mode.ts";
import { askRpc } from "./ask-rpc.ts";
import { carry } from "./carry.ts";
import { makeReadingServer } from "./reading-server.ts";

const UPSTREAM_TIMEOUT_MS = 10_000;

/** One proxy before one node. */
export type ProxyServer = {
  readonly port: number;
  readonly set: (mode: ProxyMode) => Promise<void>;
  readonly counts: () => ProxyCounts;
};

const behaviourOf = async (upstream: string, mode: Behaviour["mode"]): Promise<Behaviour> => {
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> =>
    askRpc(upstream, method, params, UPSTREAM_TIMEOUT_MS);
  const headBlock = Number(await ask("eth_blockNumber", []));
  const lie = mode.kind === "lie" ? mode : null;
  const fork = makeForgedFork(
    async (height) => {
      const header = await ask("eth_getBlockByNumber", [`0x${height.toString(16)}`, false]);
      if (!isHeader(header)) throw new Error(`the node has no block ${height}`);
      return header;
    },
    lie?.fromBlock ?? headBlock + 1,
    lie?.seed ?? "lie",
  );
  return { mode, headBlock, fork };
};

const silence = (client: Socket, node: Socket): void => {
  for (const end of [client, node]) end.removeAllListeners("data").pause();
};

/** Opens a proxy on a free port of 127.0.0.1, mode pass. HTTP and WebSocket share the port. */
export const openProxy = async (upstream: string): Promise<ProxyServer> => {
  const { hostname, port: upstreamPort } = new URL(upstream);
  const open = new Map<Socket, Socket | null>(); // client to its own connection to the node, in mode pass
  const totals = { connections: 0, rewritten: 0 };
  let mode: ProxyMode = { kind: "pass" };
  let behaviour: Behaviour | null = null;

  const reading = makeReadingServer({
    behaviour: () => {
      if (behaviour === null) throw new Error("a connection is read in a mode that does not read");
      return behaviour;
    },
    ask: async (method, params) => askRpc(upstream, method, params, UPSTREAM_TIMEOUT_MS),
    upstreamWsUrl: upstream.replace(/^http/u, "ws"),
    rewritten: () => (totals.rewritten += 1),
  });

  const pass = (client: Socket): void => {
    const node = connect(Number(upstreamPort), hostname);
    open.set(client, node);
    node.setNoDelay(true);
    carry(client, node, mode, "up");
    carry(node, client, mode, "down");
  };

  const server = createServer((client) => {
    totals.connections += 1;
    open.set(client, null);
    client.setNoDelay(true);
    client.on("error", () => client.destroy()).once("close", () => open.delete(client));
    if (mode.kind === "cut") client.resetAndDestroy();
    else if (mode.kind === "stall") client.pause();
    else if (isReadingMode(mode)) reading.emit("connection", client);
    else pass(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  return {
    port: address.port,
    counts: () => ({ ...totals }),
    set: async (wanted) => {
      const next = isReadingMode(wanted) ? await behaviourOf(upstream, wanted) : null;
      mode = wanted;
      for (const [client, node] of open) {
        if (wanted.kind === "stall" && node !== null) silence(client, node);
        else client.resetAndDestroy();
      }
      behaviour = next ?? behaviour; // an answer that is under way still asks for it
    },
  };
};
