import { O } from '../../../libc/constants/linux.ts'
import { write } from '../../build.ts'
import { directory, open } from '../../steps/files.ts'
import { kqueue } from '../../steps/kevents.ts'

/** A file of 10 bytes, to be read from its beginning, and a descriptor to append with; and a kqueue. */
export const fileOfTen = [
  directory('d'),
  open('w', '@d/file', O.RDWR | O.CREAT),
  write('w', 10),
  open('file', '@d/file', O.RDONLY),
  kqueue('kq'),
] as const
