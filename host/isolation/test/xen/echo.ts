import { Socket } from "node:net";
import { networkInterfaces } from "node:os";

// The domain of the DomU that is driven: says where it is, then repeats what it hears.
const channel = new Socket({ fd: Number(process.env["CG_CHANNEL"] ?? "3"), readable: true, writable: true });
channel.write(`hello uid=${String(process.getuid?.())} links=${Object.keys(networkInterfaces()).join("+")}\n`);
channel.on("data", (heard) => channel.write(`heard ${heard.toString("utf8")}`));
