// A server that speaks Telnet before it greets: options are refused on its side, and the client hears nothing of them (D3.98).
import { expect, test } from "vitest";
import { setClient, setGateway, setServer, until } from "./stage.ts";

test.each([
  ["WILL", "\xff\xfb\x01", "\xff\xfe\x01"],
  ["DO", "\xff\xfd\x06", "\xff\xfc\x06"],
  ["WONT", "\xff\xfc\x01", ""],
  ["two options", "\xff\xfb\x01\xff\xfb\x03", "\xff\xfe\x01\xff\xfe\x03"],
])("%s in front of the greeting", async (_, said, answer) => {
  const server = await setServer({}, { greeting: `${said}220 Ready` });
  const gateway = await setGateway(server.port);
  const client = await setClient(gateway);
  expect(await client.reply()).toBe("220 Ready");
  const read = () => server.session.segments.join("");
  await until(() => read().length >= answer.length);
  expect(read()).toBe(answer);
  expect(client.segments.join("")).not.toContain("\xff");
});
