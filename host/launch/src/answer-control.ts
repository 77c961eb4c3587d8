import { CodedError } from "@crossguardian/kernel";
import { decodeControlRequest } from "./decode-control-request.ts";
import { type House } from "./house.ts";

const MANAGEMENT = "management";
/** What stops or ends a process without a signed order: for tests and measurements, never in production. */
const RAW = new Set(["kill", "freeze", "thaw"]);

const answer = async (house: House, untrustedLine: string, stop: () => void): Promise<unknown> => {
  const request = decodeControlRequest(untrustedLine);
  if (house.production && RAW.has(request.cmd)) throw new CodedError("launch.control.unsigned", { cmd: request.cmd });
  switch (request.cmd) {
    case "domains":
      return { launcher: house.launcherPid, domains: house.domains() };
    case "order":
      return { answer: await house.ask(MANAGEMENT, "order", request.order) };
    case "kill":
      house.kill(request.name);
      return {};
    case "freeze":
      await house.freeze();
      return {};
    case "thaw":
      await house.thaw();
      return {};
    case "ask":
      return { answer: await house.ask(request.domain, request.command, request.argument) };
    case "stop":
      stop();
      return {};
  }
};

/** One line of JSON for a request: `{ok: true, ...}` or `{ok: false, code, message}`. */
export const answerControl = async (house: House, untrustedLine: string, stop: () => void): Promise<string> => {
  try {
    return JSON.stringify({ ok: true, ...((await answer(house, untrustedLine, stop)) as object) });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return JSON.stringify({ ok: false, code: error.code, message: error.message });
  }
};
