import { type Duplex } from "node:stream";
import { type Intake } from "@crossguardian/plugin-kit";

/** Joins a stream of the network domain's intake to the plugin's. */
export const serveIntake =
  (intake: Intake) =>
  (stream: Duplex): void => {
    const take = intake.open({
      write: (bytes) => void stream.write(bytes),
      end: () => void stream.end(),
    });
    stream.on("data", (piece: Uint8Array) => take(piece));
    stream.on("error", () => take(null));
    stream.on("close", () => take(null));
    stream.on("end", () => take(null));
  };
