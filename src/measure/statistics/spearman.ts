export function drift(_values: readonly number[]): number | undefined { return undefined }
