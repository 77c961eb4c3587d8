import { CodedError } from "@crossguardian/kernel";

const CALL_DEADLINE_MS = 30_000;

/** JSON-RPC over HTTP, one call or a batch at a time. */
export type Rpc = {
  readonly call: <T>(method: string, params: readonly unknown[]) => Promise<T>;
  readonly batch: <T>(calls: readonly { readonly method: string; readonly params: readonly unknown[] }[]) => Promise<readonly T[]>;
};

type Answer = { readonly id: number; readonly result?: unknown; readonly error?: { readonly message?: string; readonly data?: unknown } };

const MAX_WORDS_CHARS = 300;
const printable = (words: string): string => words.slice(0, MAX_WORDS_CHARS).replaceAll(/[\p{Cc}\p{Cf}]/gu, " ");
const causeOf = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message);

/** A ws URL is asked over HTTP at the same place. Errors: cli.rpc.failed with the node's own words. */
export const makeRpc = (url: string, deadlineMs = CALL_DEADLINE_MS): Rpc => {
  const httpUrl = url.replace(/^ws/u, "http");
  const post = async (body: unknown, method: string): Promise<unknown> => {
    try {
      const answer = await fetch(httpUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(deadlineMs),
      });
      return await answer.json();
    } catch (cause) {
      const says = cause instanceof SyntaxError ? "not JSON" : cause instanceof Error ? causeOf(cause) : "no answer";
      throw new CodedError("cli.rpc.failed", { method, says: printable(says) }, { cause });
    }
  };
  const resultOf = (answer: Answer | null | undefined, method: string): unknown => {
    if (answer === undefined || answer === null) throw new CodedError("cli.rpc.failed", { method, says: "no answer" });
    if (answer.error !== undefined || answer.result === undefined) {
      throw new CodedError("cli.rpc.failed", { method, says: printable(String(answer.error?.message)) });
    }
    return answer.result;
  };
  return {
    call: async <T>(method: string, params: readonly unknown[]) =>
      resultOf((await post({ jsonrpc: "2.0", id: 1, method, params }, method)) as Answer | null, method) as T,
    batch: async <T>(calls: readonly { readonly method: string; readonly params: readonly unknown[] }[]) => {
      if (calls.length === 0) return [];
      const body = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
      const untrusted = await post(body, calls[0]?.method ?? "");
      const answers = (Array.isArray(untrusted) ? untrusted : []) as readonly (Answer | null)[]; // each is looked at by resultOf
      const byId = new Map(answers.map((each) => [each?.id, each]));
      return calls.map(({ method }, id) => resultOf(byId.get(id), method) as T);
    },
  };
};
