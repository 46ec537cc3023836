// Made from clients/ci-systems.json by npm run generate.
export const SYSTEMS = [
  {
    "name": "GitHub Actions",
    "marks": ["GITHUB_ACTIONS"],
    "url": ["${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}"],
    "repository": ["${GITHUB_REPOSITORY}"],
    "number": ["${GITHUB_RUN_NUMBER}", "${GITHUB_RUN_ID}"],
    "ref": ["${GITHUB_HEAD_REF}", "${GITHUB_REF_NAME}", "${GITHUB_REF:branch}"],
    "sha": ["${GITHUB_SHA}"],
    "job": ["${GITHUB_JOB}"],
    "actor": ["${GITHUB_TRIGGERING_ACTOR}", "${GITHUB_ACTOR}"],
    "attempt": ["${GITHUB_RUN_ATTEMPT}"],
    "legUntold": "set CALL_ME_LEG: ${{ strategy.job-index }} in the step's env",
    "token": "give it `permissions: id-token: write`"
  },
  {
    "name": "GitLab",
    "marks": ["GITLAB_CI"],
    "url": ["${CI_PIPELINE_URL}", "${CI_JOB_URL}"],
    "jobUrl": ["${CI_JOB_URL}"],
    "repository": ["${CI_PROJECT_PATH}"],
    "number": ["${CI_PIPELINE_IID}", "${CI_PIPELINE_ID}"],
    "ref": ["${CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "${CI_COMMIT_REF_NAME}"],
    "sha": ["${CI_COMMIT_SHA}"],
    "job": ["${CI_JOB_NAME}", "${CI_JOB_ID}"],
    "actor": ["${GITLAB_USER_LOGIN}"],
    "jobId": ["${CI_JOB_ID}"],
    "leg": ["${CI_NODE_INDEX}"],
    "token": "give it `id_tokens: CALL_ME_ID_TOKEN: aud: AUDIENCE`, where AUDIENCE is the address in CALL_ME_URL"
  },
  {
    "name": "Jenkins",
    "marks": ["JENKINS_URL", "JENKINS_HOME"],
    "url": ["${BUILD_URL}"],
    "repository": ["${JOB_NAME}"],
    "number": ["${BUILD_NUMBER}"],
    "ref": ["${CHANGE_BRANCH}", "${BRANCH_NAME}", "${GIT_BRANCH}", "${ghprbSourceBranch}", "${gitlabSourceBranch}", "${gitlabBranch}"],
    "sha": ["${ghprbActualCommit}", "${GIT_COMMIT}"],
    "job": ["${STAGE_NAME}", "${JOB_NAME}"],
    "actor": ["${BUILD_USER_ID}", "${CHANGE_AUTHOR}"],
    "legUntold": "set CALL_ME_LEG with withEnv: the axis values in a matrix, the branch's name in parallel, 0 elsewhere"
  },
  {
    "name": "Buildkite",
    "marks": ["BUILDKITE"],
    "url": ["${BUILDKITE_BUILD_URL}"],
    "jobUrl": ["${BUILDKITE_BUILD_URL}#${BUILDKITE_JOB_ID}"],
    "repository": ["${BUILDKITE_PIPELINE_SLUG}"],
    "number": ["${BUILDKITE_BUILD_NUMBER}"],
    "ref": ["${BUILDKITE_BRANCH}", "${BUILDKITE_TAG}"],
    "sha": ["${BUILDKITE_COMMIT}"],
    "job": ["${BUILDKITE_LABEL}", "${BUILDKITE_STEP_KEY}"],
    "actor": ["${BUILDKITE_BUILD_CREATOR}", "${BUILDKITE_BUILD_AUTHOR}"],
    "jobId": ["${BUILDKITE_JOB_ID}"],
    "attempt": ["${BUILDKITE_RETRY_COUNT}"],
    "leg": ["${BUILDKITE_PARALLEL_JOB}"]
  },
  {
    "name": "CircleCI",
    "marks": ["CIRCLECI"],
    "url": ["${CIRCLE_BUILD_URL:origin}/workflow-run/${CIRCLE_WORKFLOW_ID}", "${CIRCLE_BUILD_URL}"],
    "jobUrl": ["${CIRCLE_BUILD_URL}"],
    "repository": ["${CIRCLE_PROJECT_USERNAME}/${CIRCLE_PROJECT_REPONAME}"],
    "number": ["${CIRCLE_BUILD_NUM}"],
    "ref": ["${CIRCLE_BRANCH}", "${CIRCLE_TAG}"],
    "sha": ["${CIRCLE_SHA1}"],
    "job": ["${CIRCLE_JOB}"],
    "actor": ["${CIRCLE_USERNAME}", "${CIRCLE_PR_USERNAME}"],
    "jobId": ["${CIRCLE_WORKFLOW_JOB_ID}", "${CIRCLE_BUILD_NUM}"],
    "leg": ["${CIRCLE_NODE_INDEX}"]
  },
  {
    "name": "Azure Pipelines",
    "marks": ["TF_BUILD", "BUILD_BUILDURI"],
    "url": [
      "${SYSTEM_COLLECTIONURI:base}/${SYSTEM_TEAMPROJECT:uri}/_build/results?buildId=${BUILD_BUILDID}",
      "${SYSTEM_TEAMFOUNDATIONCOLLECTIONURI:base}/${SYSTEM_TEAMPROJECT:uri}/_build/results?buildId=${BUILD_BUILDID}"
    ],
    "jobUrl": [
      "${SYSTEM_COLLECTIONURI:base}/${SYSTEM_TEAMPROJECT:uri}/_build/results?buildId=${BUILD_BUILDID}&view=logs&j=${SYSTEM_JOBID}",
      "${SYSTEM_TEAMFOUNDATIONCOLLECTIONURI:base}/${SYSTEM_TEAMPROJECT:uri}/_build/results?buildId=${BUILD_BUILDID}&view=logs&j=${SYSTEM_JOBID}"
    ],
    "repository": ["${BUILD_REPOSITORY_NAME}"],
    "number": ["${BUILD_BUILDNUMBER}"],
    "ref": ["${SYSTEM_PULLREQUEST_SOURCEBRANCH:branch}", "${BUILD_SOURCEBRANCH:branch}", "${BUILD_SOURCEBRANCHNAME}"],
    "sha": ["${BUILD_SOURCEVERSION}"],
    "job": ["${SYSTEM_JOBDISPLAYNAME}", "${AGENT_JOBNAME}", "${SYSTEM_JOBNAME}"],
    "actor": ["${BUILD_REQUESTEDFOR}"],
    "jobId": ["${SYSTEM_JOBID}"],
    "attempt": ["${SYSTEM_JOBATTEMPT}"],
    "leg": ["${SYSTEM_JOBPOSITIONINPHASE}"]
  },
  {
    "name": "Bitbucket Pipelines",
    "marks": ["BITBUCKET_BUILD_NUMBER"],
    "url": ["https://bitbucket.org/${BITBUCKET_REPO_FULL_NAME}/pipelines/results/${BITBUCKET_BUILD_NUMBER}"],
    "repository": ["${BITBUCKET_REPO_FULL_NAME}"],
    "number": ["${BITBUCKET_BUILD_NUMBER}"],
    "ref": ["${BITBUCKET_BRANCH}", "${BITBUCKET_TAG}"],
    "sha": ["${BITBUCKET_COMMIT}"],
    "job": ["${BITBUCKET_STEP_UUID}"],
    "actor": ["${BITBUCKET_STEP_TRIGGERER_UUID}"],
    "attempt": ["${BITBUCKET_STEP_RUN_NUMBER}"],
    "leg": ["${BITBUCKET_PARALLEL_STEP}"]
  },
  {
    "name": "TeamCity",
    "marks": ["TEAMCITY_VERSION"],
    "url": ["${BUILD_URL}"],
    "repository": ["${TEAMCITY_PROJECT_NAME}"],
    "number": ["${BUILD_NUMBER}"],
    "sha": ["${BUILD_VCS_NUMBER}"],
    "job": ["${TEAMCITY_BUILDCONF_NAME}"]
  },
  {
    "name": "Woodpecker",
    "marks": ["CI=woodpecker"],
    "url": ["${CI_PIPELINE_URL}"],
    "jobUrl": ["${CI_STEP_URL}"],
    "repository": ["${CI_REPO}", "${CI_REPO_OWNER}/${CI_REPO_NAME}"],
    "number": ["${CI_PIPELINE_NUMBER}"],
    "ref": ["${CI_COMMIT_SOURCE_BRANCH}", "${CI_COMMIT_TAG}", "${CI_COMMIT_BRANCH}"],
    "sha": ["${CI_COMMIT_SHA}"],
    "job": ["${CI_WORKFLOW_NAME}/${CI_STEP_NAME}"],
    "actor": ["${CI_COMMIT_AUTHOR}"],
    "leg": ["${CI_WORKFLOW_NUMBER}"]
  },
  {
    "name": "Drone",
    "marks": ["DRONE"],
    "url": ["${DRONE_BUILD_LINK}"],
    "repository": ["${DRONE_REPO_OWNER}/${DRONE_REPO_NAME}"],
    "number": ["${DRONE_BUILD_NUMBER}"],
    "ref": ["${DRONE_SOURCE_BRANCH}", "${DRONE_TAG}", "${DRONE_BRANCH}"],
    "sha": ["${DRONE_COMMIT_SHA}"],
    "job": ["${DRONE_STEP_NAME}", "${DRONE_JOB_NUMBER}"],
    "actor": ["${DRONE_COMMIT_AUTHOR}"]
  },
  {
    "name": "AppVeyor",
    "marks": ["APPVEYOR"],
    "url": ["https://ci.appveyor.com/project/${APPVEYOR_ACCOUNT_NAME}/${APPVEYOR_PROJECT_SLUG}/builds/${APPVEYOR_BUILD_ID}"],
    "jobUrl": [
      "https://ci.appveyor.com/project/${APPVEYOR_ACCOUNT_NAME}/${APPVEYOR_PROJECT_SLUG}/builds/${APPVEYOR_BUILD_ID}/job/${APPVEYOR_JOB_ID}"
    ],
    "repository": ["${APPVEYOR_REPO_NAME}"],
    "number": ["${APPVEYOR_BUILD_NUMBER}"],
    "ref": ["${APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH}", "${APPVEYOR_REPO_TAG_NAME}", "${APPVEYOR_REPO_BRANCH}"],
    "sha": ["${APPVEYOR_REPO_COMMIT}"],
    "job": ["${APPVEYOR_JOB_NAME}", "${APPVEYOR_JOB_NUMBER}"],
    "jobId": ["${APPVEYOR_JOB_ID}"]
  },
  {
    "name": "Bamboo",
    "marks": ["bamboo_agentId"],
    "url": ["${bamboo_buildResultsUrl}"],
    "repository": ["${bamboo_planKey}"],
    "number": ["${bamboo_buildNumber}"],
    "ref": ["${bamboo_planRepository_branchName}"],
    "sha": ["${bamboo_planRepository_revision}"],
    "job": ["${bamboo_shortJobName}"]
  },
  {
    "name": "Bitrise",
    "marks": ["BITRISE_IO"],
    "url": ["${BITRISE_BUILD_URL}"],
    "repository": ["${BITRISE_APP_SLUG}"],
    "number": ["${BITRISE_BUILD_NUMBER}"],
    "ref": ["${BITRISE_GIT_TAG}", "${BITRISE_GIT_BRANCH}"],
    "sha": ["${BITRISE_GIT_COMMIT}"],
    "job": ["${BITRISE_TRIGGERED_WORKFLOW_ID}"]
  },
  {
    "name": "Buddy",
    "marks": ["BUDDY_WORKSPACE_ID"],
    "url": ["${BUDDY_EXECUTION_URL}"],
    "repository": ["${BUDDY_REPO_SLUG}"],
    "number": ["${BUDDY_EXECUTION_ID}"],
    "ref": ["${BUDDY_EXECUTION_PULL_REQUEST_HEAD_BRANCH}", "${BUDDY_EXECUTION_TAG}", "${BUDDY_EXECUTION_BRANCH}"],
    "sha": ["${BUDDY_EXECUTION_REVISION}"],
    "job": ["${BUDDY_PIPELINE_NAME}"]
  },
  {
    "name": "Cirrus CI",
    "marks": ["CIRRUS_CI"],
    "url": ["https://cirrus-ci.com/build/${CIRRUS_BUILD_ID}"],
    "jobUrl": ["https://cirrus-ci.com/task/${CIRRUS_TASK_ID}"],
    "repository": ["${CIRRUS_REPO_FULL_NAME}"],
    "number": ["${CIRRUS_BUILD_ID}"],
    "ref": ["${CIRRUS_TAG}", "${CIRRUS_BRANCH}"],
    "sha": ["${CIRRUS_CHANGE_IN_REPO}"],
    "job": ["${CIRRUS_TASK_NAME}", "${CIRRUS_TASK_ID}"],
    "jobId": ["${CIRRUS_TASK_ID}"]
  },
  { "name": "Cloudflare Pages", "marks": ["CF_PAGES"], "ref": ["${CF_PAGES_BRANCH}"], "sha": ["${CF_PAGES_COMMIT_SHA}"] },
  {
    "name": "AWS CodeBuild",
    "marks": ["CODEBUILD_BUILD_ID"],
    "url": ["https://console.aws.amazon.com/codebuild/home?region=${AWS_REGION}#/builds/${CODEBUILD_BUILD_ID}/view/new"],
    "number": ["${CODEBUILD_BUILD_NUMBER}"],
    "ref": ["${CODEBUILD_WEBHOOK_HEAD_REF:branch}", "${CODEBUILD_SOURCE_VERSION}"],
    "sha": ["${CODEBUILD_RESOLVED_SOURCE_VERSION}"],
    "actor": ["${CODEBUILD_INITIATOR}"]
  },
  {
    "name": "Codefresh",
    "marks": ["CF_BUILD_ID"],
    "url": ["${CF_BUILD_URL}"],
    "repository": ["${CF_REPO_OWNER}/${CF_REPO_NAME}"],
    "number": ["${CF_BUILD_ID}"],
    "ref": ["${CF_BRANCH}"],
    "sha": ["${CF_REVISION}"],
    "actor": ["${CF_BUILD_INITIATOR}"]
  },
  {
    "name": "Codeship",
    "marks": ["CI_NAME=codeship"],
    "url": ["${CI_BUILD_URL}"],
    "repository": ["${CI_REPO_NAME}"],
    "number": ["${CI_BUILD_NUMBER}"],
    "ref": ["${CI_BRANCH}"],
    "sha": ["${CI_COMMIT_ID}"],
    "actor": ["${CI_COMMITTER_USERNAME}"]
  },
  {
    "name": "JetBrains Space",
    "marks": ["JB_SPACE_EXECUTION_NUMBER"],
    "url": ["${JB_SPACE_EXECUTION_URL}"],
    "repository": ["${JB_SPACE_PROJECT_KEY}/${JB_SPACE_GIT_REPOSITORY_NAME}"],
    "number": ["${JB_SPACE_EXECUTION_NUMBER}"],
    "ref": ["${JB_SPACE_GIT_BRANCH:branch}"],
    "sha": ["${JB_SPACE_GIT_REVISION}"]
  },
  {
    "name": "Netlify",
    "marks": ["NETLIFY"],
    "url": ["https://app.netlify.com/sites/${SITE_NAME}/deploys/${DEPLOY_ID}"],
    "repository": ["${SITE_NAME}"],
    "number": ["${DEPLOY_ID}"],
    "ref": ["${HEAD}"],
    "sha": ["${COMMIT_REF}"]
  },
  {
    "name": "Screwdriver",
    "marks": ["SCREWDRIVER"],
    "url": ["${SD_UI_BUILD_URL}"],
    "repository": ["${SD_PIPELINE_NAME}"],
    "number": ["${SD_BUILD_ID}"],
    "ref": ["${PR_BRANCH_NAME}", "${GIT_BRANCH}"],
    "sha": ["${SD_BUILD_SHA}"],
    "job": ["${SD_JOB_NAME}", "${SD_JOB_ID}"]
  },
  {
    "name": "Semaphore",
    "marks": ["SEMAPHORE"],
    "url": ["${SEMAPHORE_ORGANIZATION_URL:base}/workflows/${SEMAPHORE_WORKFLOW_ID}"],
    "jobUrl": ["${SEMAPHORE_ORGANIZATION_URL:base}/jobs/${SEMAPHORE_JOB_ID}"],
    "repository": ["${SEMAPHORE_GIT_REPO_SLUG}"],
    "number": ["${SEMAPHORE_WORKFLOW_NUMBER}", "${SEMAPHORE_JOB_ID}"],
    "ref": ["${SEMAPHORE_GIT_PR_BRANCH}", "${SEMAPHORE_GIT_TAG_NAME}", "${SEMAPHORE_GIT_BRANCH}"],
    "sha": ["${SEMAPHORE_GIT_SHA}"],
    "job": ["${SEMAPHORE_JOB_NAME}"],
    "jobId": ["${SEMAPHORE_JOB_ID}"]
  },
  {
    "name": "Travis CI",
    "marks": ["TRAVIS"],
    "url": ["${TRAVIS_BUILD_WEB_URL}"],
    "jobUrl": ["${TRAVIS_JOB_WEB_URL}"],
    "repository": ["${TRAVIS_REPO_SLUG}"],
    "number": ["${TRAVIS_BUILD_NUMBER}"],
    "ref": ["${TRAVIS_PULL_REQUEST_BRANCH}", "${TRAVIS_TAG}", "${TRAVIS_BRANCH}"],
    "sha": ["${TRAVIS_COMMIT}"],
    "job": ["${TRAVIS_JOB_NAME}", "${TRAVIS_JOB_NUMBER}"],
    "jobId": ["${TRAVIS_JOB_ID}"]
  },
  {
    "name": "Vela",
    "marks": ["VELA"],
    "url": ["${VELA_BUILD_LINK}"],
    "repository": ["${VELA_REPO_FULL_NAME}"],
    "number": ["${VELA_BUILD_NUMBER}"],
    "ref": ["${VELA_PULL_REQUEST_SOURCE}", "${VELA_BUILD_TAG}", "${VELA_BUILD_BRANCH}"],
    "sha": ["${VELA_BUILD_COMMIT}"],
    "job": ["${VELA_STEP_NAME}"],
    "actor": ["${VELA_BUILD_SENDER}"]
  },
  {
    "name": "Vercel",
    "marks": ["VERCEL"],
    "repository": ["${VERCEL_GIT_REPO_OWNER}/${VERCEL_GIT_REPO_SLUG}"],
    "ref": ["${VERCEL_GIT_COMMIT_REF}"],
    "sha": ["${VERCEL_GIT_COMMIT_SHA}"]
  }
] as const;
