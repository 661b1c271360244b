import { expect, test } from "vitest";
import { createMetrics } from "../../src/observe/metrics.ts";

test("handshakes are counted by side, kind and outcome, and their seconds for a gateway", async () => {
  const metrics = createMetrics("1");
  const gateway = metrics.gateway("public");
  gateway.handshake({ side: "client", connection: "data" }, "resumed");
  gateway.handshake({ side: "client", connection: "data" }, "resumed");
  gateway.handshake({ side: "server", connection: "control" }, "unknown-ca");
  gateway.handshakeSeconds.observe(0.002);
  const text = await metrics.text();
  const total = "ftp_alg_tls_handshakes_total";
  expect(text).toContain(`${total}{gateway="public",side="client",kind="data",outcome="resumed"} 2`);
  expect(text).toContain(`${total}{gateway="public",side="server",kind="control",outcome="unknown-ca"} 1`);
  expect(text).toContain('ftp_alg_tls_handshake_seconds_count{gateway="public"} 1');
});
