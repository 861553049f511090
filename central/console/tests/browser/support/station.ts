// A station of the browser tests: a key, a number for each event, a connection to the broker.

import { type KeyObject, generateKeyPairSync } from "node:crypto";
import mqtt, { type MqttClient } from "mqtt";
import type { Look } from "../../../src/api/types";
import { chipEvent, lookEvent, seal } from "./wire";

/** Later than the epoch of the imported history. */
const EPOCH = 1_000;

export class Station {
  private readonly key: KeyObject;
  private readonly publicHex: string;
  private seq = 0;
  private client: MqttClient | null = null;

  constructor(readonly id: string) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    this.key = privateKey;
    // The last 32 bytes of the encoded key are the key itself.
    this.publicHex = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");
  }

  /** The station's part of central's registry. */
  entry(): string {
    return `[[station]]\nid = "${this.id}"\n[[station.key]]\nid = 1\npublic = "${this.publicHex}"\n\n`;
  }

  async connect(port: number): Promise<void> {
    this.client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: this.id, protocolVersion: 4, reconnectPeriod: 500 });
    await this.client.publishAsync(`quaywatch/1/state/${this.id}`, JSON.stringify({ state: "online", spool: { events: 0 }, software: "0.1.0" }), { retain: true, qos: 1 });
  }

  async send(look: Look): Promise<number> {
    this.seq += 1;
    await this.publish(seal(this.id, EPOCH, this.seq, lookEvent(look), this.key));
    return this.seq;
  }

  /** The picture of a vessel of a look that was sent before. */
  async sendChip(lookSeq: number, vessel: number, jpeg: Buffer): Promise<void> {
    this.seq += 1;
    await this.publish(seal(this.id, EPOCH, this.seq, chipEvent(lookSeq, vessel, jpeg), this.key));
  }

  async publish(sealed: Buffer): Promise<void> {
    if (!this.client) throw new Error(`${this.id} is not connected`);
    await this.client.publishAsync(`quaywatch/1/event/${this.id}`, sealed, { qos: 1 });
  }

  async close(): Promise<void> {
    await this.client?.endAsync(true);
  }
}
