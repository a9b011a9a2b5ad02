package org.opensearch.searchkit;

import java.util.Map;
import java.util.function.Supplier;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.cn.smart.SmartChineseAnalyzer;
import org.opensearch.common.settings.Settings;
import org.opensearch.index.IndexSettings;
import org.opensearch.index.analysis.AbstractIndexAnalyzerProvider;
import org.opensearch.index.analysis.AnalyzerProvider;
import org.opensearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.opensearch.plugins.AnalysisPlugin;
import org.opensearch.plugins.Plugin;
import org.wltea.analyzer.lucene.IKAnalyzer;

/** The analyzers that Chinese indexes use, as the plugins analysis-smartcn and analysis-ik name them. */
public class ChineseAnalysisPlugin extends Plugin implements AnalysisPlugin {
  /** Returns the analyzers by name. */
  @Override
  public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
    return Map.of(
        "smartcn", provider(SmartChineseAnalyzer::new),
        "ik_max_word", provider(() -> new IKAnalyzer(false)),
        "ik_smart", provider(() -> new IKAnalyzer(true)));
  }

  private static AnalysisProvider<AnalyzerProvider<? extends Analyzer>> provider(
      Supplier<Analyzer> analyzer) {
    // An index closes its analyzers, so each has its own.
    return (index, environment, name, settings) ->
        new Provider(index, name, settings, analyzer.get());
  }

  private static final class Provider extends AbstractIndexAnalyzerProvider<Analyzer> {
    private final Analyzer analyzer;

    Provider(IndexSettings index, String name, Settings settings, Analyzer analyzer) {
      super(index, name, settings);
      this.analyzer = analyzer;
    }

    @Override
    public Analyzer get() {
      return analyzer;
    }
  }
}
