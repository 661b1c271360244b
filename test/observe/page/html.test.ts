import fc from "fast-check";
import { expect, test } from "vitest";
import { html } from "../../../src/observe/page/html.ts";

test("a value is text, whatever stands in it; markup is what a template has made", () => {
  const name = '<b class="x">&\'</b>';
  expect(html`<p title="${name}">${html`<i>${1}</i>`}</p>`.markup).toBe(
    '<p title="&lt;b class=&quot;x&quot;&gt;&amp;&#39;&lt;/b&gt;"><i>1</i></p>',
  );
});

test("nothing is undefined and false; a list is its members", () => {
  expect(html`${undefined}${false}${["a", html`<i></i>`, [2]]}${0}`.markup).toBe("a<i></i>20");
});

test("what does not print is shown by its number, but for the line ends of templates", () => {
  expect(html`${"\u202egpj.exe\u0000\n"}`.markup).toBe("\\u202egpj.exe\\u0000\\u000a");
});

test("no value gets out of its place, neither in text nor in a quoted attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const { markup } = html`<a title="${value}">${value}</a>`;
      expect(markup.match(/[<>"']/g)?.join("")).toBe('<""><>');
    }),
  );
});
