import { expect, test } from "vitest";
import { createConversation } from "../../src/probe/conversation.ts";

test("limit: of a server that answers what nobody asked, 100 replies wait to be heard", () => {
  const talk = createConversation(1000, 0);
  for (let count = 0; count < 5000; count += 1) talk.take({ kind: "line", text: `200 ${count}` }, 0);
  const heard: string[] = [];
  while (talk.hasReply()) {
    const { value } = talk.reply().next();
    if (value !== undefined && "text" in value) heard.push(value.text);
  }
  expect([heard.length, heard[0], heard.at(-1)]).toEqual([100, "200 0", "200 99"]);
});
