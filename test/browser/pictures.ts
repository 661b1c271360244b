// `node test/browser/pictures.ts`: the pictures of the README, from a run with real sessions, into deploy/pictures. It takes four minutes,
// so that the charts have something to show.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { launchChromium, open } from "./chromium.ts";
import { startScene, type Scene } from "./scene.ts";

const folder = path.resolve(import.meta.dirname, "../../deploy/pictures");
const minutes = 3.6;

/** Sessions that come and go, and some that stay. */
async function live(scene: Scene): Promise<void> {
  const users = ["alice", "press", "warehouse", "edi", "anonymous"];
  for (const [index, user] of users.entries()) await scene.login(user, `127.0.0.${41 + index}`);
  const until = performance.now() + minutes * 60_000;
  for (let round = 0; performance.now() < until; round += 1) {
    const client = await scene.login(users[round % users.length], `127.0.0.${51 + (round % 40)}`);
    await scene.download(
      client,
      `out/part-${round}.zip-${(1 + (round % 7)) * 2_000_000}-${1_000_000 + (round % 5) * 700_000}`,
    );
    void sleep(6000 + (round % 9) * 3000).then(() => client.close());
    // More or less of them, as the day goes.
    await sleep(2500 + 2000 * Math.sin(round / 9));
    if (round === 60) {
      await scene.fail(["the server refuses", "the client refuses", "nobody comes to the pinhole"]);
    }
  }
  const iso = await scene.login("alice", "127.0.0.21");
  await scene.download(iso, "releases/debian-12.8.0-amd64-netinst.iso-660000000-9000000");
  const photo = await scene.login("press", "127.0.0.22");
  await scene.download(photo, "photos/2026-11-28/match-0417.raw-48000000-1400000");
  await sleep(11_000);
}

const scene = await startScene();
const browser = await launchChromium();
try {
  await live(scene);
  await mkdir(folder, { recursive: true });
  const { page } = await open(browser, scene, "/");
  await page.setViewportSize({ width: 1280, height: 1000 });
  await page.locator("#live", { hasText: "live" }).waitFor();
  await page.screenshot({ path: path.join(folder, "page.png") });
} finally {
  await browser.close();
  await scene.stop();
}
