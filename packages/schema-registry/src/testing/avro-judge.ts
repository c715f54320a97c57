import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findJars } from '@cf-audit-drain/kafka-broker/testing/jvm'
import { apicurioFolder } from './apicurio-files.ts'

/** One line in: schema and body, base64. One line out: the record as JSON. What stands behind the record is an error. */
const program = `
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

public class Judge {
  public static void main(String[] args) throws Exception {
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      String[] parts = line.split(" ");
      String schema = new String(Base64.getDecoder().decode(parts[0]), StandardCharsets.UTF_8);
      BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(Base64.getDecoder().decode(parts[1]), null);
      Object record = new GenericDatumReader<Object>(new Schema.Parser().parse(schema)).read(null, decoder);
      if (!decoder.isEnd()) throw new Exception("bytes stand after the record");
      System.out.write((record.toString() + "\\n").getBytes(StandardCharsets.UTF_8));
    }
    System.out.flush();
  }
}
`

/**
 * What Avro's own implementation for Java, which lies beside Apicurio, makes of bodies written with these schemas. None of
 * our code has a part in it.
 */
export async function decodedByAvro(
  records: readonly { readonly schema: string; readonly body: Buffer }[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found = findJars()
  if (found.kind !== 'jars') throw new Error(found.why)
  const folder = await mkdtemp(join(tmpdir(), 'avro-judge-'))
  try {
    const [source, input] = [join(folder, 'Judge.java'), join(folder, 'input')]
    const lines = records.map(
      ({ schema, body }) => `${Buffer.from(schema).toString('base64')} ${body.toString('base64')}\n`,
    )
    await writeFile(source, program)
    await writeFile(input, lines.join(''))
    const libraries = join(apicurioFolder(), 'lib', '*')
    const { stdout } = await promisify(execFile)(found.java, ['-cp', libraries, source, input], {
      timeout: 120_000,
      maxBuffer: 1024 ** 3,
    })
    return stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
