// Text with `code` in backticks, as a list for `append`.
import { html } from "../dom.js";

export const rich = (text) => text.split("`").map((part, k) => (k % 2 ? html("code", {}, part) : part));
