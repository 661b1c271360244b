// Clients that offer what Java does: their uploads under TLS 1.3 may end with user_canceled and close_notify, and are watched for that.
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { startFtpServer } from "../../../src/demo/ftp-server.ts";
import { alertsOf, cancellingTraits, closeNotify, userCanceled } from "../../tls/cancelling-client.ts";
import { startGateway } from "../start-gateway.ts";
import { loggedIn, type Spoken, terminating } from "./terminating.ts";

const javaSignatures = [
  ...["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512", "ed25519", "ed448"],
  ...["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512", "rsa_pss_pss_sha256"],
  ...["rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"],
].join(":");

async function setGateway() {
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files: {} });
  onTestFinished(() => server.stop());
  const gateway = await startGateway(server.endpoint.port, { tls: terminating() });
  onTestFinished(() => gateway.stop());
  return { gateway, server };
}

/** Sends content and then those alerts; gives the final reply. */
async function upload(client: Spoken, name: string, ...alerts: readonly number[]): Promise<string> {
  const port = Number(/\|\|\|(\d+)\|/.exec(await client.say("EPSV"))?.[1]);
  const raw = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => {});
  const replied = client.say(`STOR ${name}`);
  const socket = connect({ socket: raw, rejectUnauthorized: false, ...cancellingTraits }).on("error", () => {});
  const records = alertsOf(socket);
  await once(socket.resume(), "secureConnect");
  await new Promise((resolve) => socket.write("content", resolve));
  raw.end(records(1, ...alerts));
  return replied;
}

test("an upload of a client like Java that ends with user_canceled and close_notify is whole, and cut without", async () => {
  const { gateway, server } = await setGateway();
  const client = await loggedIn(gateway.port, { options: { sigalgs: javaSignatures } });
  onTestFinished(() => void client.socket.destroy());
  expect(await upload(client, "whole", userCanceled, closeNotify)).toMatch(/^226 /);
  expect(String(server.files.get("whole"))).toBe("content");
  expect(await upload(client, "cut")).toMatch(/^426 /);
  expect(server.files.has("cut")).toBe(false);
});
