import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.xml.security.Init;
import org.apache.xml.security.c14n.Canonicalizer;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Canonicalizes the documents of documents.py with Apache Santuario. Reads its lines from standard
 * input and prints the SHA-256 of each canonical form in hexadecimal.
 *
 * <p>Runs from its source: java -cp 'JAVA_TOOLS/lib/*' WithSantuario.java
 */
public final class WithSantuario {
  private static final String SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";

  public static void main(String[] arguments) throws Exception {
    Init.init();
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    DocumentBuilder reader = factory.newDocumentBuilder();
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    PrintStream answers = new PrintStream(System.out, false);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t");
      byte[] document = Base64.getDecoder().decode(fields[1]);
      byte[] form = canonical(reader, document, fields[0]);
      answers.println(HexFormat.of().formatHex(sha256.digest(form)));
    }
    answers.flush();
  }

  private static byte[] canonical(DocumentBuilder reader, byte[] document, String prefixes)
      throws Exception {
    Element root = reader.parse(new ByteArrayInputStream(document)).getDocumentElement();
    Element apex = apexOf(root);
    for (Node child = apex.getFirstChild(); child != null; child = child.getNextSibling()) {
      if ("Signature".equals(child.getLocalName()) && SIGNATURE.equals(child.getNamespaceURI())) {
        apex.removeChild(child);
        break;
      }
    }
    Canonicalizer canonicalizer =
        Canonicalizer.getInstance(Canonicalizer.ALGO_ID_C14N_EXCL_OMIT_COMMENTS);
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    canonicalizer.canonicalizeSubtree(apex, prefixes, form);
    return form.toByteArray();
  }

  private static Element apexOf(Element root) {
    if ("apex".equals(root.getAttribute("ID"))) {
      return root;
    }
    NodeList all = root.getElementsByTagName("*");
    for (int index = 0; index < all.getLength(); index++) {
      Element element = (Element) all.item(index);
      if ("apex".equals(element.getAttribute("ID"))) {
        return element;
      }
    }
    throw new IllegalArgumentException("no element has the ID apex");
  }
}
