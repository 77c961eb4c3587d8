import process from "node:process";
import { type Context, Contract, JSONSerializer } from "fabric-contract-api";
import shim from "fabric-shim";
import chaincodeFromContract from "fabric-shim/lib/contract-spi/chaincodefromcontract.js";
import { concatBytes } from "@crossguardian/kernel";
import { encodeFabricEvents, FABRIC_EVENT_NAME, GATEWAY_TOPICS } from "@crossguardian/proof";
import { wordOf } from "@crossguardian/protocol";

// A chaincode that says Settled as often as it is asked: events for the plugin's tests, and nothing else of a gateway.
class EmitterContract extends Contract {
  constructor() {
    super("emitter");
  }

  async settled(ctx: Context, first: string, count: string): Promise<void> {
    const logs = Array.from({ length: Number(count) }, (_, at) => ({
      topics: [GATEWAY_TOPICS.settled, new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
      data: concatBytes([wordOf(BigInt(first) + BigInt(at)), wordOf(3)]),
    }));
    ctx.stub.setEvent(FABRIC_EVENT_NAME, encodeFabricEvents(logs));
    await ctx.stub.putState(`settled/${first}`, Buffer.from(count));
  }

  async count(ctx: Context, key: string): Promise<void> {
    const before = Number(Buffer.from(await ctx.stub.getState(`count/${key}`)).toString() || "0");
    await ctx.stub.putState(`count/${key}`, Buffer.from((before + 1).toString()));
  }

  async counted(ctx: Context, key: string): Promise<string> {
    return Buffer.from(await ctx.stub.getState(`count/${key}`)).toString();
  }

  async nothing(ctx: Context, key: string): Promise<void> {
    await ctx.stub.putState(`nothing/${key}`, Buffer.from(key));
  }
}

const serializers = { transaction: "json", serializers: { json: JSONSerializer } };
const chaincode = new chaincodeFromContract([EmitterContract], serializers, {}, "Emitter", "1");
const address = process.env["CHAINCODE_SERVER_ADDRESS"] ?? "";
await shim.Shim.server(chaincode, { ccid: process.env["CHAINCODE_ID"] ?? "", address, tlsProps: null as never }).start();
process.stdout.write("ready\n");
