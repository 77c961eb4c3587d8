import process from "node:process";
import { type Context, Contract, JSONSerializer } from "fabric-contract-api";
import shim from "fabric-shim";
import chaincodeFromContract from "fabric-shim/lib/contract-spi/chaincodefromcontract.js";

class CounterContract extends Contract {
  constructor() {
    super("counter");
  }

  async add(ctx: Context, key: string): Promise<string> {
    const next = Number(Buffer.from(await ctx.stub.getState(key)).toString() || "0") + 1;
    await ctx.stub.putState(key, Buffer.from(next.toString()));
    ctx.stub.setEvent("Counted", Buffer.from(key));
    return next.toString();
  }

  async get(ctx: Context, key: string): Promise<string> {
    return Buffer.from(await ctx.stub.getState(key)).toString();
  }

  async fail(_ctx: Context, _key: string): Promise<void> {
    await Promise.reject(new Error("it was asked to fail"));
  }
}

const serializers = { transaction: "json", serializers: { json: JSONSerializer } };
const chaincode = new chaincodeFromContract([CounterContract], serializers, {}, "Counter", "1");
const address = process.env["CHAINCODE_SERVER_ADDRESS"] ?? "";
await shim.Shim.server(chaincode, { ccid: process.env["CHAINCODE_ID"] ?? "", address, tlsProps: null as never }).start();
process.stdout.write("ready\n");
