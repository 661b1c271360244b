// Questions: what is asked once before the page does something, and what came of it.
import { html, type Html } from "./html.ts";
import { notePage, type Shell } from "./shell.ts";

export type Question = {
  readonly heading: string;
  readonly text: string;
  readonly yes: string;
  readonly isGrave: boolean;
};

export const questions = {
  reload: {
    heading: "Reload the configuration?",
    text: "The file is read again. If anything in it is wrong, nothing changes. Sessions that run keep what they began with.",
    yes: "Reload",
    isGrave: false,
  },
  drain: {
    heading: "Drain the gateways?",
    text: "No new session is accepted. Transfers finish, and when the last session has ended the process does, too. This can't be taken back.",
    yes: "Drain",
    isGrave: true,
  },
} as const satisfies Record<string, Question>;

export function endQuestion(id: string): Question {
  return {
    heading: `End session ${id}?`,
    text: "Its transfers are cut off, and the client is told that an operator has ended the session.",
    yes: "End session",
    isGrave: true,
  };
}

/** What every page shows of the process. */
export type Frame = Pick<Shell, "now" | "version" | "mayAct">;

/** A form that posts to `action`; `back` is where no leads. */
export function questionPage(
  { heading, text, yes, isGrave }: Question,
  action: string,
  back: string,
  frame: Frame,
): Html {
  return notePage(
    { ...frame, title: heading },
    heading,
    html`<p>${text}</p>
      <form method="post" action="${action}">
        <button class="${isGrave ? "danger" : "main"}">${yes}</button>
        <a class="button" data-cancel href="${back}">Cancel</a>
      </form>`,
  );
}

export function answerPage(heading: string, text: string, back: string, frame: Frame): Html {
  return notePage(
    { ...frame, title: `${heading} \u2013 ftp-alg` },
    heading,
    html`<p>${text}</p>
      <p><a class="button" href="${back}">Back</a></p>`,
  );
}
