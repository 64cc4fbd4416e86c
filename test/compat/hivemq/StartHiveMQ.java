// SPDX-License-Identifier: Apache-2.0
import com.hivemq.embedded.EmbeddedHiveMQ;
import java.nio.file.Files;
import java.nio.file.Path;

/** HiveMQ CE with the configuration of one folder and its data in another. Embedded it lets everybody in. */
public class StartHiveMQ {
    public static void main(final String[] args) throws Exception {
        final Path data = Path.of(args[1]);
        EmbeddedHiveMQ.builder()
                .withConfigurationFolder(Path.of(args[0]))
                .withDataFolder(Files.createDirectories(data))
                .withExtensionsFolder(Files.createDirectories(data.resolve("extensions")))
                .build()
                .start()
                .join();
    }
}
