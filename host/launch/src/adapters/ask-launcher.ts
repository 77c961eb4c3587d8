import { connect } from "node:net";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type ControlRequest } from "../decode-control-request.ts";
import { decodeControlAnswer, type ControlAnswer } from "../decode-control-answer.ts";
import { openLineSocket } from "./line-socket.ts";

const ASK_DEADLINE_MS = 15_000;

/**
 * Asks the launcher of the house in `runDir`.
 * @throws launch.control.unreachable, launch.control.late; a refusal of the launcher is in the answer
 */
export const askLauncher = async (runDir: string, request: ControlRequest, deadlineMs = ASK_DEADLINE_MS): Promise<ControlAnswer> =>
  new Promise((resolve, reject) => {
    const path = join(runDir, "control.sock");
    const socket = connect({ path });
    const timer = setTimeout(() => {
      reject(new CodedError("launch.control.late", { path }));
      socket.destroy();
    }, deadlineMs);
    const line = openLineSocket(socket, {
      line: (text) => {
        clearTimeout(timer);
        resolve(decodeControlAnswer(text));
        line.close();
      },
      end: () => {
        clearTimeout(timer);
        reject(new CodedError("launch.control.unreachable", { path }));
      },
    });
    socket.once("connect", () => line.send(JSON.stringify(request)));
  });
