/** What went wrong and what to do about it, as sentences one after the other. */
export function failureText({ message, hint }: { readonly message: string; readonly hint: string }): string {
  return `${/[.!?…]$/u.test(message) ? message : `${message}.`} ${hint}`;
}
