import { writeSync } from "node:fs";

writeSync(3, "up\n");
setInterval(() => undefined, 1_000);
