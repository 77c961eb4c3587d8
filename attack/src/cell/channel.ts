import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";

/** Two ends of a stream: ours and the domain's. */
export type Channel = { readonly ours: Socket; readonly theirs: Socket };

/** Makes a connected pair of unix sockets; nothing of it stays in the file system. */
export const makeChannel = async (folder: string): Promise<Channel> => {
  const place = mkdtempSync(join(folder, "c-"));
  const path = join(place, "s");
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, "listening");
  const ours = connect(path);
  const [theirs] = (await once(server, "connection")) as [Socket];
  theirs.on("error", () => undefined);
  server.close();
  rmSync(place, { recursive: true });
  return { ours, theirs };
};
