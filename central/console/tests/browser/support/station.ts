// A station of the browser tests: a key, a number for each event, a connection to the broker.

import { type KeyObject, generateKeyPairSync } from "node:crypto";
import mqtt, { type MqttClient } from "mqtt";
import type { Look } from "../../../src/api/types";
import { chipEvent, lookEvent, seal } from "./wire";

/** Later than the epoch of the imported history. */
export const EPOCH = 1_000;
const STATE_AT = "2024-03-13T02:58:00Z";

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
    await this.say(this.health());
  }

  /** As the agent reports it: edge/src/health. */
  private health(): object {
    return {
      station: this.id,
      state: "online",
      at: STATE_AT,
      software: "0.1.0",
      model: "3f5c1e9a7b20",
      connected: true,
      up_s: 1_209_600,
      spool: { epoch: EPOCH, last_seq: this.seq, acked_through: this.seq, events: 0, events_max: 200_000, chips: 0, bytes: 4_096, bytes_max: 1_073_741_824, oldest_age_s: null },
      last_scene: { name: "20240313_021000_ps", at: STATE_AT, looks: 2, took_ms: 41_300 },
      clock: { steps: 0, last_step_ms: null },
    };
  }

  /** What the station says of itself. */
  async say(state: object): Promise<void> {
    await this.client?.publishAsync(`quaywatch/1/state/${this.id}`, JSON.stringify(state), { retain: true, qos: 1 });
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
