import { createServer } from "node:net";

/** A port of 127.0.0.1 that was free a moment ago; the caller retries when another took it since. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => {
      if (address !== null && typeof address === "object") resolve(address.port);
      else reject(new Error("a listening server has no port"));
    });
  });
  return promise;
};
