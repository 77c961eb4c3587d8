export { runDemo, type DemoOptions, type DemoResult } from "./demo/run-demo.ts";
export { placesOf } from "./instance.ts";
