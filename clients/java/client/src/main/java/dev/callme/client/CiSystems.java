package dev.callme.client;

import java.util.List;
import java.util.Map;

/** What CI systems tell of a run. Made from clients/ci-systems.json by npm run generate. */
final class CiSystems {
  private CiSystems() {}

  /** In the order in which they are looked for. */
  static final List<CiSystem> ALL =
      List.of(
          new CiSystem(
              List.of("GITHUB_ACTIONS"),
              Map.of(
                  "url", List.of("${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}"),
                  "repository", List.of("${GITHUB_REPOSITORY}"),
                  "number", List.of("${GITHUB_RUN_NUMBER}", "${GITHUB_RUN_ID}"),
                  "ref", List.of("${GITHUB_HEAD_REF}", "${GITHUB_REF_NAME}", "${GITHUB_REF:branch}"),
                  "sha", List.of("${GITHUB_SHA}"),
                  "job", List.of("${GITHUB_JOB}"),
                  "actor", List.of("${GITHUB_TRIGGERING_ACTOR}", "${GITHUB_ACTOR}"))),
          new CiSystem(
              List.of("GITLAB_CI"),
              Map.of(
                  "url", List.of("${CI_PIPELINE_URL}", "${CI_JOB_URL}"),
                  "repository", List.of("${CI_PROJECT_PATH}"),
                  "number", List.of("${CI_PIPELINE_IID}", "${CI_PIPELINE_ID}"),
                  "ref", List.of("${CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "${CI_COMMIT_REF_NAME}"),
                  "sha", List.of("${CI_COMMIT_SHA}"),
                  "job", List.of("${CI_JOB_NAME}", "${CI_JOB_ID}"),
                  "actor", List.of("${GITLAB_USER_LOGIN}"))),
          new CiSystem(
              List.of("JENKINS_URL", "JENKINS_HOME"),
              Map.of(
                  "url", List.of("${BUILD_URL}"),
                  "repository", List.of("${JOB_NAME}"),
                  "number", List.of("${BUILD_NUMBER}"),
                  "ref", List.of("${CHANGE_BRANCH}", "${BRANCH_NAME}", "${GIT_BRANCH}", "${ghprbSourceBranch}", "${gitlabSourceBranch}", "${gitlabBranch}"),
                  "sha", List.of("${ghprbActualCommit}", "${GIT_COMMIT}"),
                  "job", List.of("${STAGE_NAME}", "${JOB_NAME}"),
                  "actor", List.of("${BUILD_USER_ID}", "${CHANGE_AUTHOR}"))),
          new CiSystem(
              List.of("BUILDKITE"),
              Map.of(
                  "url", List.of("${BUILDKITE_BUILD_URL}"),
                  "repository", List.of("${BUILDKITE_PIPELINE_SLUG}"),
                  "number", List.of("${BUILDKITE_BUILD_NUMBER}"),
                  "ref", List.of("${BUILDKITE_BRANCH}", "${BUILDKITE_TAG}"),
                  "sha", List.of("${BUILDKITE_COMMIT}"),
                  "job", List.of("${BUILDKITE_LABEL}", "${BUILDKITE_STEP_KEY}"),
                  "actor", List.of("${BUILDKITE_BUILD_CREATOR}", "${BUILDKITE_BUILD_AUTHOR}"))),
          new CiSystem(
              List.of("CIRCLECI"),
              Map.of(
                  "url", List.of("${CIRCLE_BUILD_URL:origin}/workflow-run/${CIRCLE_WORKFLOW_ID}", "${CIRCLE_BUILD_URL}"),
                  "repository", List.of("${CIRCLE_PROJECT_USERNAME}/${CIRCLE_PROJECT_REPONAME}"),
                  "number", List.of("${CIRCLE_BUILD_NUM}"),
                  "ref", List.of("${CIRCLE_BRANCH}", "${CIRCLE_TAG}"),
                  "sha", List.of("${CIRCLE_SHA1}"),
                  "job", List.of("${CIRCLE_JOB}"),
                  "actor", List.of("${CIRCLE_USERNAME}", "${CIRCLE_PR_USERNAME}"))),
          new CiSystem(
              List.of("TF_BUILD", "BUILD_BUILDURI"),
              Map.of(
                  "url", List.of("${SYSTEM_COLLECTIONURI:base}/${SYSTEM_TEAMPROJECT:uri}/_build/results?buildId=${BUILD_BUILDID}", "${SYSTEM_TEAMFOUNDATIONCOLLECTIONURI:base}/${SYSTEM_TEAMPROJECT:uri}/_build/results?buildId=${BUILD_BUILDID}"),
                  "repository", List.of("${BUILD_REPOSITORY_NAME}"),
                  "number", List.of("${BUILD_BUILDNUMBER}"),
                  "ref", List.of("${SYSTEM_PULLREQUEST_SOURCEBRANCH:branch}", "${BUILD_SOURCEBRANCH:branch}", "${BUILD_SOURCEBRANCHNAME}"),
                  "sha", List.of("${BUILD_SOURCEVERSION}"),
                  "job", List.of("${SYSTEM_JOBDISPLAYNAME}", "${AGENT_JOBNAME}", "${SYSTEM_JOBNAME}"),
                  "actor", List.of("${BUILD_REQUESTEDFOR}"))),
          new CiSystem(
              List.of("BITBUCKET_BUILD_NUMBER"),
              Map.of(
                  "url", List.of("https://bitbucket.org/${BITBUCKET_REPO_FULL_NAME}/pipelines/results/${BITBUCKET_BUILD_NUMBER}"),
                  "repository", List.of("${BITBUCKET_REPO_FULL_NAME}"),
                  "number", List.of("${BITBUCKET_BUILD_NUMBER}"),
                  "ref", List.of("${BITBUCKET_BRANCH}", "${BITBUCKET_TAG}"),
                  "sha", List.of("${BITBUCKET_COMMIT}"),
                  "job", List.of("${BITBUCKET_STEP_UUID}"),
                  "actor", List.of("${BITBUCKET_STEP_TRIGGERER_UUID}"))),
          new CiSystem(
              List.of("TEAMCITY_VERSION"),
              Map.of(
                  "url", List.of("${BUILD_URL}"),
                  "repository", List.of("${TEAMCITY_PROJECT_NAME}"),
                  "number", List.of("${BUILD_NUMBER}"),
                  "sha", List.of("${BUILD_VCS_NUMBER}"),
                  "job", List.of("${TEAMCITY_BUILDCONF_NAME}"))),
          new CiSystem(
              List.of("CI=woodpecker"),
              Map.of(
                  "url", List.of("${CI_PIPELINE_URL}"),
                  "repository", List.of("${CI_REPO}", "${CI_REPO_OWNER}/${CI_REPO_NAME}"),
                  "number", List.of("${CI_PIPELINE_NUMBER}"),
                  "ref", List.of("${CI_COMMIT_SOURCE_BRANCH}", "${CI_COMMIT_TAG}", "${CI_COMMIT_BRANCH}"),
                  "sha", List.of("${CI_COMMIT_SHA}"),
                  "job", List.of("${CI_WORKFLOW_NAME}/${CI_STEP_NAME}"),
                  "actor", List.of("${CI_COMMIT_AUTHOR}"))),
          new CiSystem(
              List.of("DRONE"),
              Map.of(
                  "url", List.of("${DRONE_BUILD_LINK}"),
                  "repository", List.of("${DRONE_REPO_OWNER}/${DRONE_REPO_NAME}"),
                  "number", List.of("${DRONE_BUILD_NUMBER}"),
                  "ref", List.of("${DRONE_SOURCE_BRANCH}", "${DRONE_TAG}", "${DRONE_BRANCH}"),
                  "sha", List.of("${DRONE_COMMIT_SHA}"),
                  "job", List.of("${DRONE_STEP_NAME}", "${DRONE_JOB_NUMBER}"),
                  "actor", List.of("${DRONE_COMMIT_AUTHOR}"))),
          new CiSystem(
              List.of("APPVEYOR"),
              Map.of(
                  "url", List.of("https://ci.appveyor.com/project/${APPVEYOR_ACCOUNT_NAME}/${APPVEYOR_PROJECT_SLUG}/builds/${APPVEYOR_BUILD_ID}"),
                  "repository", List.of("${APPVEYOR_REPO_NAME}"),
                  "number", List.of("${APPVEYOR_BUILD_NUMBER}"),
                  "ref", List.of("${APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH}", "${APPVEYOR_REPO_TAG_NAME}", "${APPVEYOR_REPO_BRANCH}"),
                  "sha", List.of("${APPVEYOR_REPO_COMMIT}"),
                  "job", List.of("${APPVEYOR_JOB_NAME}", "${APPVEYOR_JOB_NUMBER}"))),
          new CiSystem(
              List.of("bamboo_agentId"),
              Map.of(
                  "url", List.of("${bamboo_buildResultsUrl}"),
                  "repository", List.of("${bamboo_planKey}"),
                  "number", List.of("${bamboo_buildNumber}"),
                  "ref", List.of("${bamboo_planRepository_branchName}"),
                  "sha", List.of("${bamboo_planRepository_revision}"),
                  "job", List.of("${bamboo_shortJobName}"))),
          new CiSystem(
              List.of("BITRISE_IO"),
              Map.of(
                  "url", List.of("${BITRISE_BUILD_URL}"),
                  "repository", List.of("${BITRISE_APP_SLUG}"),
                  "number", List.of("${BITRISE_BUILD_NUMBER}"),
                  "ref", List.of("${BITRISE_GIT_TAG}", "${BITRISE_GIT_BRANCH}"),
                  "sha", List.of("${BITRISE_GIT_COMMIT}"),
                  "job", List.of("${BITRISE_TRIGGERED_WORKFLOW_ID}"))),
          new CiSystem(
              List.of("BUDDY_WORKSPACE_ID"),
              Map.of(
                  "url", List.of("${BUDDY_EXECUTION_URL}"),
                  "repository", List.of("${BUDDY_REPO_SLUG}"),
                  "number", List.of("${BUDDY_EXECUTION_ID}"),
                  "ref", List.of("${BUDDY_EXECUTION_PULL_REQUEST_HEAD_BRANCH}", "${BUDDY_EXECUTION_TAG}", "${BUDDY_EXECUTION_BRANCH}"),
                  "sha", List.of("${BUDDY_EXECUTION_REVISION}"),
                  "job", List.of("${BUDDY_PIPELINE_NAME}"))),
          new CiSystem(
              List.of("CIRRUS_CI"),
              Map.of(
                  "url", List.of("https://cirrus-ci.com/build/${CIRRUS_BUILD_ID}"),
                  "repository", List.of("${CIRRUS_REPO_FULL_NAME}"),
                  "number", List.of("${CIRRUS_BUILD_ID}"),
                  "ref", List.of("${CIRRUS_TAG}", "${CIRRUS_BRANCH}"),
                  "sha", List.of("${CIRRUS_CHANGE_IN_REPO}"),
                  "job", List.of("${CIRRUS_TASK_NAME}", "${CIRRUS_TASK_ID}"))),
          new CiSystem(
              List.of("CF_PAGES"),
              Map.of(
                  "ref", List.of("${CF_PAGES_BRANCH}"),
                  "sha", List.of("${CF_PAGES_COMMIT_SHA}"))),
          new CiSystem(
              List.of("CODEBUILD_BUILD_ID"),
              Map.of(
                  "url", List.of("https://console.aws.amazon.com/codebuild/home?region=${AWS_REGION}#/builds/${CODEBUILD_BUILD_ID}/view/new"),
                  "number", List.of("${CODEBUILD_BUILD_NUMBER}"),
                  "ref", List.of("${CODEBUILD_WEBHOOK_HEAD_REF:branch}", "${CODEBUILD_SOURCE_VERSION}"),
                  "sha", List.of("${CODEBUILD_RESOLVED_SOURCE_VERSION}"),
                  "actor", List.of("${CODEBUILD_INITIATOR}"))),
          new CiSystem(
              List.of("CF_BUILD_ID"),
              Map.of(
                  "url", List.of("${CF_BUILD_URL}"),
                  "repository", List.of("${CF_REPO_OWNER}/${CF_REPO_NAME}"),
                  "number", List.of("${CF_BUILD_ID}"),
                  "ref", List.of("${CF_BRANCH}"),
                  "sha", List.of("${CF_REVISION}"),
                  "actor", List.of("${CF_BUILD_INITIATOR}"))),
          new CiSystem(
              List.of("CI_NAME=codeship"),
              Map.of(
                  "url", List.of("${CI_BUILD_URL}"),
                  "repository", List.of("${CI_REPO_NAME}"),
                  "number", List.of("${CI_BUILD_NUMBER}"),
                  "ref", List.of("${CI_BRANCH}"),
                  "sha", List.of("${CI_COMMIT_ID}"),
                  "actor", List.of("${CI_COMMITTER_USERNAME}"))),
          new CiSystem(
              List.of("JB_SPACE_EXECUTION_NUMBER"),
              Map.of(
                  "url", List.of("${JB_SPACE_EXECUTION_URL}"),
                  "repository", List.of("${JB_SPACE_PROJECT_KEY}/${JB_SPACE_GIT_REPOSITORY_NAME}"),
                  "number", List.of("${JB_SPACE_EXECUTION_NUMBER}"),
                  "ref", List.of("${JB_SPACE_GIT_BRANCH:branch}"),
                  "sha", List.of("${JB_SPACE_GIT_REVISION}"))),
          new CiSystem(
              List.of("NETLIFY"),
              Map.of(
                  "url", List.of("https://app.netlify.com/sites/${SITE_NAME}/deploys/${DEPLOY_ID}"),
                  "repository", List.of("${SITE_NAME}"),
                  "number", List.of("${DEPLOY_ID}"),
                  "ref", List.of("${HEAD}"),
                  "sha", List.of("${COMMIT_REF}"))),
          new CiSystem(
              List.of("SCREWDRIVER"),
              Map.of(
                  "url", List.of("${SD_UI_BUILD_URL}"),
                  "repository", List.of("${SD_PIPELINE_NAME}"),
                  "number", List.of("${SD_BUILD_ID}"),
                  "ref", List.of("${PR_BRANCH_NAME}", "${GIT_BRANCH}"),
                  "sha", List.of("${SD_BUILD_SHA}"),
                  "job", List.of("${SD_JOB_NAME}", "${SD_JOB_ID}"))),
          new CiSystem(
              List.of("SEMAPHORE"),
              Map.of(
                  "url", List.of("${SEMAPHORE_ORGANIZATION_URL:base}/workflows/${SEMAPHORE_WORKFLOW_ID}"),
                  "repository", List.of("${SEMAPHORE_GIT_REPO_SLUG}"),
                  "number", List.of("${SEMAPHORE_WORKFLOW_NUMBER}", "${SEMAPHORE_JOB_ID}"),
                  "ref", List.of("${SEMAPHORE_GIT_PR_BRANCH}", "${SEMAPHORE_GIT_TAG_NAME}", "${SEMAPHORE_GIT_BRANCH}"),
                  "sha", List.of("${SEMAPHORE_GIT_SHA}"),
                  "job", List.of("${SEMAPHORE_JOB_NAME}"))),
          new CiSystem(
              List.of("TRAVIS"),
              Map.of(
                  "url", List.of("${TRAVIS_BUILD_WEB_URL}"),
                  "repository", List.of("${TRAVIS_REPO_SLUG}"),
                  "number", List.of("${TRAVIS_BUILD_NUMBER}"),
                  "ref", List.of("${TRAVIS_PULL_REQUEST_BRANCH}", "${TRAVIS_TAG}", "${TRAVIS_BRANCH}"),
                  "sha", List.of("${TRAVIS_COMMIT}"),
                  "job", List.of("${TRAVIS_JOB_NAME}", "${TRAVIS_JOB_NUMBER}"))),
          new CiSystem(
              List.of("VELA"),
              Map.of(
                  "url", List.of("${VELA_BUILD_LINK}"),
                  "repository", List.of("${VELA_REPO_FULL_NAME}"),
                  "number", List.of("${VELA_BUILD_NUMBER}"),
                  "ref", List.of("${VELA_PULL_REQUEST_SOURCE}", "${VELA_BUILD_TAG}", "${VELA_BUILD_BRANCH}"),
                  "sha", List.of("${VELA_BUILD_COMMIT}"),
                  "job", List.of("${VELA_STEP_NAME}"),
                  "actor", List.of("${VELA_BUILD_SENDER}"))),
          new CiSystem(
              List.of("VERCEL"),
              Map.of(
                  "repository", List.of("${VERCEL_GIT_REPO_OWNER}/${VERCEL_GIT_REPO_SLUG}"),
                  "ref", List.of("${VERCEL_GIT_COMMIT_REF}"),
                  "sha", List.of("${VERCEL_GIT_COMMIT_SHA}"))));
}
