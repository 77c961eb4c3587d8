import { type BlockBell, makeCounts } from "../mine-by-turns.ts";

/** A bell that rings when a chain that makes its blocks itself has a new one. */
export type HeadBell = BlockBell & { readonly stop: () => void };

/** Subscribes to the heads of chains by the WebSocket interface of their nodes. A connection that ends rings no more: who waits has a deadline. */
export const ringOnHeads = (urls: ReadonlyMap<string, string>): HeadBell => {
  const counts = makeCounts();
  const sockets = [...urls].map(([chain, url]) => {
    const socket = new WebSocket(url.replace(/^http/u, "ws"));
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_subscribe", params: ["newHeads"] }));
    });
    socket.addEventListener("message", () => {
      counts.add(chain);
    });
    socket.addEventListener("error", () => undefined);
    return socket;
  });
  return {
    made: counts.made,
    more: counts.more,
    stop: () => {
      for (const socket of sockets) socket.close();
    },
  };
};
