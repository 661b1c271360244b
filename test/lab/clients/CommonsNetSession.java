// A session of Apache Commons Net, as a program of its own in the client's namespace:
// java -cp commons-net.jar CommonsNetSession.java HOST PORT USER PASSWORD SECURITY VERSION CA PATIENCE < STEPS
// A step is a line of words parted by tabs: `list`, `download REMOTE LOCAL`, `upload LOCAL REMOTE`, `rename FROM TO`, …
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.apache.commons.net.PrintCommandListener;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPClient;
import org.apache.commons.net.ftp.FTPClientConfig;
import org.apache.commons.net.ftp.FTPFile;
import org.apache.commons.net.ftp.FTPReply;
import org.apache.commons.net.ftp.FTPSClient;

public class CommonsNetSession {
    /** As shipped, the library resumes no session on data connections; this is how programs that need it do it. */
    static class Resuming extends FTPSClient {
        Resuming(boolean isImplicit, SSLContext context) {
            super(isImplicit, context);
        }

        @Override
        protected void _prepareDataSocket_(Socket socket) throws IOException {
            SSLSession session = ((SSLSocket) _socket_).getSession();
            SSLSessionContext context = session.getSessionContext();
            try {
                Field cached = context.getClass().getDeclaredField("sessionHostPortCache");
                cached.setAccessible(true);
                Object cache = cached.get(context);
                Method put = cache.getClass().getDeclaredMethod("put", Object.class, Object.class);
                put.setAccessible(true);
                String host = socket.getInetAddress().getHostAddress();
                put.invoke(cache, (host + ":" + socket.getPort()).toLowerCase(), session);
            } catch (ReflectiveOperationException error) {
                throw new IOException(error);
            }
        }
    }

    static SSLContext trusting(String ca) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream file = new FileInputStream(ca)) {
            store.setCertificateEntry("lab", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    static boolean play(FTPClient ftp, String[] step) throws IOException {
        switch (step[0]) {
            case "list": {
                for (FTPFile file : ftp.listFiles()) System.out.println(file.getName());
                return FTPReply.isPositiveCompletion(ftp.getReplyCode());
            }
            case "download":
                try (OutputStream file = new FileOutputStream(step[2])) {
                    return ftp.retrieveFile(step[1], file);
                }
            case "resume":
                ftp.setRestartOffset(Files.size(Path.of(step[2])));
                try (OutputStream file = new FileOutputStream(step[2], true)) {
                    return ftp.retrieveFile(step[1], file);
                }
            case "upload":
                try (InputStream file = new FileInputStream(step[1])) {
                    return ftp.storeFile(step[2], file);
                }
            case "rename":
                return ftp.rename(step[1], step[2]);
            case "delete":
                return ftp.deleteFile(step[1]);
            default:
                throw new IOException("no such step: " + step[0]);
        }
    }

    public static void main(String[] args) throws Exception {
        List<String[]> steps = new ArrayList<>();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "ISO-8859-1"));
        for (String line = input.readLine(); line != null; line = input.readLine()) steps.add(line.split("\t"));
        Duration patience = Duration.ofSeconds(Integer.parseInt(args[7]));
        FTPSClient ftp = new Resuming(args[4].equals("implicit"), trusting(args[6]));
        ftp.setEnabledProtocols(new String[] {args[5]});
        ftp.setEndpointCheckingEnabled(true);
        // aioftp has replies without a text, and no SYST.
        ftp.setStrictReplyParsing(false);
        ftp.configure(new FTPClientConfig(FTPClientConfig.SYST_UNIX));
        ftp.addProtocolCommandListener(new PrintCommandListener(new PrintWriter(System.out, true), true));
        ftp.setConnectTimeout((int) patience.toMillis());
        ftp.setDefaultTimeout((int) patience.toMillis());
        ftp.setDataTimeout(patience);
        ftp.setControlEncoding("ISO-8859-1");
        ftp.connect(args[0], Integer.parseInt(args[1]));
        if (!ftp.login(args[2], args[3])) throw new IOException("not logged in");
        ftp.execPBSZ(0);
        ftp.execPROT("P");
        ftp.setFileType(FTP.BINARY_FILE_TYPE);
        ftp.enterLocalPassiveMode();
        for (String[] step : steps) {
            if (!play(ftp, step)) System.out.println("failed: " + ftp.getReplyString());
        }
        ftp.quit();
    }
}
