import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/** A node over WebSocket and HTTP that answers as its mode says; HOSTILE marks its own text. */
export type HostileNode = { readonly port: number; mode: string; readonly drop: () => void; readonly stop: () => Promise<void> };

export const HOSTILE_MODES = [
  "hostile-garbage",
  "hostile-deep",
  "hostile-oversize",
  "hostile-types",
  "hostile-nulls",
  "hostile-ids",
  "hostile-errors",
  "hostile-flood",
] as const;

const DEEP = `{"jsonrpc":"2.0","id":1,"result":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;

const OVERSIZE = `"HOSTILE${"x".repeat(40 * 1024 * 1024)}"`;
// Made once: a plugin that asks several questions at a time is not to be blamed for what the node makes of them.
const OVERSIZE_BYTES = Buffer.from(OVERSIZE);

/** Honest about the genesis, so that the plugin gets as far as believing it. */
export const startHostileNode = async (genesis: unknown): Promise<HostileNode> => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const answer = (send: (text: string) => void, { id, method, params }: { id: number; method: string; params: any[] }): void => {
    const say = (value: unknown): void => send(JSON.stringify({ jsonrpc: "2.0", id, ...(value as object) }));
    const isGenesis = method === "eth_getBlockByNumber" && params[0] === "0x0";
    switch (node.mode) {
      case "hostile-garbage":
        send("HOSTILE{{{");
        return;
      case "hostile-deep":
        send(DEEP.replace('"id":1', `"id":${id}`));
        return;
      case "hostile-oversize":
        send(OVERSIZE);
        return;
      case "hostile-ids":
        for (let each = 0; each < 1000; each += 1) send(`{"jsonrpc":"2.0","id":${each + 1e6},"result":"HOSTILE"}`);
        say({ result: isGenesis ? genesis : { HOSTILE: [1, null, { id: "HOSTILE" }] } });
        return;
      case "hostile-errors":
        say({ error: { code: "HOSTILE", message: { HOSTILE: "nonce too low" } } });
        return;
      case "hostile-nulls":
        say({ result: isGenesis ? genesis : method === "eth_blockNumber" ? "0xffffffff" : null });
        return;
      case "hostile-flood":
        say({ result: isGenesis ? genesis : method === "eth_subscribe" ? "0x1" : "0xffff" });
        for (let each = 0; each < 2000; each += 1) {
          send('{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":{"number":"HOSTILE"}}}');
        }
        return;
      default:
        say({ result: isGenesis ? genesis : method === "eth_blockNumber" ? "HOSTILE" : [{ HOSTILE: `0x${"ff".repeat(50_000)}` }] });
    }
  };
  server.on("connection", (socket) => {
    socket.on("error", () => socket.terminate());
    socket.on("message", (data: Buffer) => answer((text) => socket.send(text === OVERSIZE ? OVERSIZE_BYTES : text, { binary: false }), JSON.parse(data.toString())));
  });
  http.on("request", (request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      const asked = JSON.parse(body);
      const texts: string[] = [];
      for (const each of [asked].flat()) answer((text) => texts.push(text), each);
      if (texts.includes(OVERSIZE)) response.end(OVERSIZE_BYTES);
      else response.end(Array.isArray(asked) || texts.length > 1 ? `[${texts.join(",")}]` : texts[0]);
    });
  });
  const node: HostileNode = {
    port: (http.address() as AddressInfo).port,
    mode: "",
    drop: () => {
      for (const each of server.clients) each.terminate();
      http.closeAllConnections();
    },
    stop: async () => {
      node.drop();
      server.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return node;
};
