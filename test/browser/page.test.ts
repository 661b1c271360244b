// The page in a real browser, with a real client and servers behind a whole process.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { sessionsSchema } from "../../src/observe/api/schemas.ts";
import { programObstacle, requireNone } from "../lab/availability.ts";
import { program } from "../lab/programs.ts";
import { run } from "../lab/process.ts";
import { keepPicture, launchChromium, open, sizes, type Look, type Seen } from "./chromium.ts";
import { startScene, token, type Scene } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const obstacle = await programObstacle("chromium", "curl");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser: Browser;
let scene: Scene;
let reload = async (): Promise<void> => {};
let seen: Seen[] = [];
/** Of sessions that have failed, each in another way. */
let failed: readonly string[] = [];

beforeAll(async () => {
  if (obstacle !== undefined) return;
  [browser, scene] = await Promise.all([launchChromium(), startScene({ reload: () => reload(), sampleEveryMs: 200 })]);
  await scene.fail();
  failed = (await sessions("?failed=true")).map(({ id }) => id);
});

beforeEach((context) => requireNone(obstacle, context));

afterEach(async () => {
  const opened = seen;
  seen = [];
  for (const { context } of opened) await context.close();
  expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await scene?.stop();
});

async function sessions(query: string) {
  const answer = await fetch(`${scene.url}/api/sessions${query}`, { headers: { authorization: `Bearer ${token}` } });
  return sessionsSchema.parse(await answer.json()).sessions;
}

async function look(to = "/", how: Look = {}): Promise<Page> {
  const opened = await open(browser, scene, to, how);
  seen.push(opened);
  return opened.page;
}

/** Once, which goes another way than the first time. */
async function broughtUpToDate(page: Page): Promise<void> {
  const stamp = page.locator("#footer time");
  const before = await stamp.textContent();
  await expect.poll(() => stamp.textContent(), { timeout: 8000 }).not.toBe(before);
}

/** The id of the session that began last. */
const newest = async (): Promise<string> => (await sessions("?limit=1"))[0]?.id ?? "";

describe("what happens is seen as it happens", () => {
  test("a download of curl's comes up with its progress, goes on, and is over, without anybody loading the page again", async () => {
    const page = await look();
    const url = `ftp://127.0.0.1:${scene.ports.files}/nightly-5000000-500000`;
    const curl = await program("curl");
    const fetching = run([curl.path, "--silent", "--user", "curl:secret", url], { env: curl.env });
    const row = page.locator("#transfers tr", { hasText: "nightly-5000000-500000" });
    await row.waitFor();
    const progress = row.locator("progress");
    const before = Number(await progress.getAttribute("value"));
    await expect
      .poll(async () => Number(await progress.getAttribute("value")), { timeout: 8000 })
      .toBeGreaterThan(before);
    const session = page.locator("#sessions tr", { hasText: "curl" });
    expect(await session.locator("span.state").textContent()).toBe("carries data");
    expect((await fetching).stdout).toHaveLength(5_000_000);
    await row.waitFor({ state: "detached" });
    await session.waitFor({ state: "detached" });
    const gone = await look("/sessions?user=curl&state=ended");
    expect(await gone.locator("#sessions tbody tr").count()).toBe(1);
  });

  test("a failure comes up with its sentence and leads to its session's page, with the ladder", async () => {
    const page = await look();
    const client = await scene.login("late");
    await client.ask("PORT 127,0,0,1,200,9");
    client.write("RETR x-1000-1000\r\n");
    const failure = page.locator(`#failure-${await newest()}`);
    await failure.waitFor();
    expect(await failure.locator(".sentence").textContent()).toMatch(/refused the data connection/);
    expect(await failure.locator("code").textContent()).toBe("client-data-out refused");
    await failure.getByRole("link").click();
    await page.waitForURL(/\/sessions\/\w+$/);
    expect(await page.locator("#failure-heading").textContent()).toMatch(/refused the data connection/);
    expect(await page.locator("#ladder").textContent()).toContain("RETR x-1000-1000");
    client.close();
    // The page of a session follows it to its end.
    await page.locator("#facts", { hasText: "Ended" }).waitFor();
  });

  test("where the process is not reached the page says so, and that it is again", async () => {
    const page = await look();
    const [opened] = seen;
    await page.locator("#live", { hasText: "live" }).waitFor();
    await page.context().setOffline(true);
    await page.locator("#live", { hasText: "no answer" }).waitFor();
    await page.context().setOffline(false);
    await page.locator("#live", { hasText: "live" }).waitFor();
    // Chromium notes on the console what it did not reach.
    opened?.complaints.splice(0);
  });

  test("focus and what somebody types stay where they are while the page is brought up to date", async () => {
    const page = await look("/sessions");
    await page.getByLabel("Client").fill("127.0.0.");
    await broughtUpToDate(page);
    expect(await page.getByLabel("Client").inputValue()).toBe("127.0.0.");
    await page.getByRole("link", { name: failed[0] ?? "?" }).focus();
    await broughtUpToDate(page);
    expect(await page.evaluate("document.activeElement.textContent")).toBe(failed[0]);
  });

  test("a chart tells what it shows where it is pointed at", async () => {
    const page = await look();
    const chart = page.locator(".chart", { has: page.locator("path.line") }).first();
    await chart.locator("svg").hover();
    expect(await chart.locator(".reading").textContent()).toMatch(/^(?:now|\d+\s\w+ ago): \d+ open$/);
  });
});

test("names that peers choose are text on the page, in Chromium too, and nothing of them runs", async () => {
  const script = "<img src=x onerror=document.title='taken'><script>document.title='taken'</script>\"'\u0008";
  const client = await scene.login(script);
  await scene.download(client, `${script}-9000000-100000`);
  for (const to of ["/", "/sessions", `/sessions/${await newest()}`]) {
    const page = await look(to);
    await page.getByText("<img src=x onerror=document.title=").first().waitFor();
    if (to === "/") await broughtUpToDate(page);
    expect(await page.title()).not.toContain("taken");
    expect(await page.locator("main img, main script").count()).toBe(0);
  }
  client.close();
});

test("a user of a long name takes no room from ids, states and endpoints, which stay on one line", async () => {
  const client = await scene.login("x".repeat(60), "127.0.0.77");
  const page = await look();
  await page.setViewportSize({ width: 1200, height: 900 });
  const row = page.locator(`#session-${await newest()}`);
  await row.waitFor();
  for (const cell of await row.locator("th code, td.state span, td .whole").all()) {
    const { height = 0 } = (await cell.boundingBox()) ?? {};
    expect(height, (await cell.textContent()) ?? "").toBeLessThan(30);
  }
  expect(await row.locator("td .whole").count()).toBe(2);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  client.close();
});

test("what was said in a session is copied as text", async () => {
  const to = `/sessions/${failed[0]}`;
  const page = await look(to);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy Transcript" }).click();
  await page.getByText("Copied").waitFor();
  const copied = await page.evaluate<string>("navigator.clipboard.readText()");
  const authorization = `Bearer ${token}`;
  expect(copied).toBe(await (await fetch(`${scene.url}/api${to}/trace`, { headers: { authorization } })).text());
  expect(copied).toContain("PASS ****");
});

describe("what is done is asked for once", () => {
  test("a session is ended by mouse: what is cancelled does not happen, what is meant does", async () => {
    const client = await scene.login("doomed");
    const page = await look(`/sessions/${await newest()}`);
    await page.getByRole("link", { name: "End session" }).click();
    const dialog = page.getByRole("dialog", { name: /^End session \w+\?$/ });
    await keepPicture(page, "question");
    await dialog.getByText("Cancel").click();
    await dialog.waitFor({ state: "detached" });
    expect(await client.ask("NOOP")).toMatch(/^200 /);
    await page.getByRole("link", { name: "End session" }).click();
    await dialog.getByRole("button", { name: "End session" }).click();
    await page.locator("h1", { hasText: "ended by operator" }).waitFor();
    expect(await client.rest()).toBe("421 The session was ended by an operator.\r\n");
  });

  test("by keyboard alone: the way past the header, a question, Escape, and Enter", async () => {
    const page = await look();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("To the content");
    await page.getByRole("link", { name: "Drain" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Drain the gateways?" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(scene.asked.drain).toBe(0);
    const reloads = scene.asked.reload;
    await page.getByRole("link", { name: "Reload" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Reload" }).press("Enter");
    await expect.poll(() => scene.asked.reload).toBe(reloads + 1);
    // A browser that is closed on the way to its next page may never be.
    await page.getByRole("button", { name: "Reload" }).waitFor({ state: "detached" });
    await page.locator("#footer time").waitFor();
  });

  test("a reload that fails says why", async () => {
    reload = () => Promise.reject(new Error("gateways[0].listen: is required"));
    const page = await look("/reload", { javaScriptEnabled: false });
    await page.getByRole("button", { name: "Reload" }).click();
    await page.getByText("gateways[0].listen: is required").waitFor();
    reload = async () => {};
    // Chromium notes on the console that the answer was a 422.
    seen[0]?.complaints.splice(0);
  });

  test("whoever has no cookie is asked for the token, and is told when it is the wrong one", async () => {
    const page = await look("/login", { isLoggedIn: false });
    await keepPicture(page, "login");
    await page.getByLabel("Token").fill("wrong");
    await page.getByRole("button").click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button").click();
    await page.locator("#gateways").waitFor();
    seen[0]?.complaints.splice(0);
  });
});

test("without JavaScript everything is there, and a session is ended too", async () => {
  const client = await scene.login("plain");
  const page = await look("/", { javaScriptEnabled: false });
  for (const part of ["traffic", "failures", "gateways", "transfers", "sessions", "pinholes", "refusals"]) {
    expect(await page.locator(`#${part}`).isVisible(), part).toBe(true);
  }
  expect(await page.locator(".chart .line").first().isVisible()).toBe(true);
  await page.getByRole("link", { name: await newest(), exact: true }).click();
  await page.getByRole("link", { name: "End session" }).click();
  await page.getByRole("button", { name: "End session" }).click();
  await page.locator("h1", { hasText: "ended by operator" }).waitFor();
  expect(await client.rest()).toMatch(/^421 /);
});

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])("on a %s", (size) => {
  test.each(["light", "dark"] as const)("%s: nothing is cut, and axe-core finds nothing wrong", async (colorScheme) => {
    const client = await scene.login("busy");
    await scene.download(client, "pub/backup-2026-11-28.tar-60000000-600000");
    const paths = { overview: "/", session: `/sessions/${failed[0]}`, live: `/sessions/${await newest()}` };
    // Of what is simple, one look for each size is enough.
    const isFirst = (size === "desktop") === (colorScheme === "light");
    if (isFirst) Object.assign(paths, { sessions: "/sessions", drain: "/drain" });
    const page = await look("/", { size, colorScheme });
    for (const [name, to] of Object.entries(paths)) {
      await page.goto(scene.url + to);
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      const ground = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
      expect(wide, name).toBeLessThanOrEqual(0);
      expect(Number(/\d+/.exec(ground)?.[0]) > 128, name).toBe(colorScheme === "light");
      await page.evaluate(axe);
      const { violations } = await page.evaluate<AxeResult>("axe.run()");
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      expect(found, name).toEqual([]);
      await keepPicture(page, `${name}-${size}-${colorScheme}`);
    }
    client.close();
  });
});

type AxeResult = { violations: { id: string; nodes: { html: string }[] }[] };
