import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { descriptorOf } from "./descriptor-of.ts";

/** Two connected sockets made over a name in a folder, and the descriptor of the second, for a domain. @throws isolation.start.failed */
export const socketPairIn = async (folder: string): Promise<{ readonly ours: Socket; readonly theirs: Socket; readonly fd: number }> => {
  const path = join(folder, "channel");
  const server = createServer({ pauseOnConnect: true }).listen(path);
  await once(server, "listening");
  const ours = connect(path);
  const [theirs] = (await once(server, "connection")) as [Socket];
  server.close();
  const fd = descriptorOf(theirs);
  if (fd === null) throw new CodedError("isolation.start.failed", { what: "descriptor" });
  return { ours, theirs, fd };
};
