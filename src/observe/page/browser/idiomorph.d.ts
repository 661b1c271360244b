// Idiomorph as a script of the page brings it.
import type { Idiomorph as Library } from "idiomorph";

declare global {
  const Idiomorph: typeof Library;
}
