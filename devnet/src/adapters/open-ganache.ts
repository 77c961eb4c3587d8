import ganache from "ganache";

import { type GanacheOptions } from "../chain-command.ts";
import { oneAtATime } from "../one-at-a-time.ts";

type Request = { readonly method: string; readonly params: unknown };
/** What Ganache's HTTP and WebSocket connectors hand every request to; public, but not in its types. */
type RawProvider = { _requestRaw: (request: Request) => Promise<{ readonly value: Promise<unknown> }> };

const SENDS: readonly string[] = ["eth_sendRawTransaction", "eth_sendTransaction"];
/** One that is not mined by then does not hold up the others, in ms: the miner is stopped, or its nonce is ahead. */
const MINED_WITHIN_MS = 2_000;

/**
 * Starts Ganache on its port; the answer ends it. Transactions are handed to it one at a time: a transaction that arrives
 * while it mines can stay locked in its pool, or queued behind a nonce that is mined already, and is then never mined.
 * Rejects when it cannot listen.
 */
export const openGanache = async ({ host, port, ...options }: GanacheOptions): Promise<() => Promise<void>> => {
  const server = ganache.server(options);
  const provider = server.provider as unknown as RawProvider; // see RawProvider
  const request = provider._requestRaw.bind(provider);
  const queue = oneAtATime(MINED_WITHIN_MS);
  const untilMined = async (asked: Request): ReturnType<typeof request> => {
    const answer = await request(asked);
    await answer.value.catch(() => undefined); // a refusal is the connector's to tell
    return answer;
  };
  provider._requestRaw = async (asked) => (SENDS.includes(asked.method) ? queue(async () => untilMined(asked)) : request(asked));
  await server.listen(port, host);
  return async () => server.close();
};
