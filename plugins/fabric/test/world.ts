export { makeFabricWorld as makeWorld } from "./support/fabric-world.ts";
