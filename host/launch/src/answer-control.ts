import { CodedError } from "@crossguardian/kernel";
import { decodeControlRequest } from "./decode-control-request.ts";
import { type House } from "./house.ts";

const answer = async (house: House, untrustedLine: string, stop: () => void): Promise<unknown> => {
  const request = decodeControlRequest(untrustedLine);
  switch (request.cmd) {
    case "domains":
      return { launcher: house.launcherPid, domains: house.domains() };
    case "restart":
      house.restart(request.name);
      return {};
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
