import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { exposition } from "../../src/observe/exposition.ts";

const metrics = {
  contentType: "text/plain",
  text: () => Promise.resolve("plain\n"),
  openMetrics: () => Promise.resolve({ text: "open\n", contentType: "application/openmetrics-text" }),
};
const answer = (accept: string, acceptEncoding = "") => exposition(metrics, { accept, acceptEncoding });

test.each(["", "*/*", "text/plain", "application/openmetrics-text;q=0", "application/openmetrics-text-other"])(
  "to a scraper that takes %j the text format is given",
  async (accept) => {
    expect(await answer(accept)).toMatchObject({ body: "plain\n", headers: { "content-type": "text/plain" } });
  },
);

test.each(["application/openmetrics-text", "text/plain;q=0.5, Application/OpenMetrics-Text; version=1.0.0;q=0.9"])(
  "to a scraper that takes %j OpenMetrics is given",
  async (accept) => {
    expect(await answer(accept)).toMatchObject({ body: "open\n" });
  },
);

test("gzip is used where it is named and not with the weight 0", async () => {
  const packed = await answer("", "deflate, gzip;q=0.5");
  expect(packed.headers["content-encoding"]).toBe("gzip");
  expect(gunzipSync(packed.body).toString()).toBe("plain\n");
  for (const encoding of ["identity", "gzip;q=0", "gzip;q=0.000", "br"]) {
    expect((await answer("", encoding)).headers).not.toHaveProperty("content-encoding");
  }
});
