/** Whether a glob, in which `*` stands for anything, is that of a text. */
export function matchesGlob(glob: string, text: string): boolean {
  const parts = glob.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`).test(text)
}
