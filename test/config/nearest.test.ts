import { expect, test } from "vitest";
import { nearest } from "../../src/config/nearest.ts";

const known = ["advertise", "advertiseTo", "dataPorts", "dataPeer", "mode"];

test.each([
  ["dataPort", "dataPorts"],
  ["data_ports", "dataPorts"],
  ["data-peer", "dataPeer"],
  ["advertice", "advertise"],
  ["AdvertiseTo", "advertiseTo"],
  ["mod", "mode"],
  ["node", "mode"],
  ["made", "mode"],
  ["advertiseAddress", "advertise"],
  ["peer", undefined],
  ["data", undefined],
  ["dtprts", "dataPorts"],
  ["maid", undefined],
  ["colour", undefined],
  ["", undefined],
  ["x".repeat(10_000), undefined],
])("%j is near to %s", (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});
