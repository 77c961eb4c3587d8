import { CodedError } from "@crossguardian/kernel";

const MAX_ERROR_CHARS = 200;

/** One JSON-RPC call over HTTP. Throws devnet.upstream.failed on no answer or an error answer. */
export const askRpc = async (
  url: string,
  method: string,
  params: readonly unknown[],
  timeoutMs: number,
): Promise<unknown> => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(timeoutMs),
  }).then(async (response): Promise<unknown> => response.json(), failed(method));
  if (typeof answer === "object" && answer !== null && "result" in answer) return answer.result;
  return failed(method)(JSON.stringify(answer));
};

const failed =
  (method: string) =>
  (cause: unknown): never => {
    const why = (cause instanceof Error ? cause.message : String(cause)).slice(0, MAX_ERROR_CHARS);
    throw new CodedError("devnet.upstream.failed", { method, why });
  };
